SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET transaction_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.command (
    key text NOT NULL,
    fingerprint text NOT NULL,
    answer jsonb,
    given_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.cursor (
    source text NOT NULL,
    sequence bigint NOT NULL
);
CREATE TABLE public.fresh_batch (
    id bigint NOT NULL,
    row_count integer NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    body bytea NOT NULL,
    committed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ONLY public.fresh_batch ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE public.fresh_batch ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.fresh_batch_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.kernel_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.outbox (
    id bigint NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    topic text NOT NULL,
    body text NOT NULL,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    sequence bigint
);
ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.relay (
    duty text NOT NULL,
    sequence bigint DEFAULT 0 NOT NULL,
    CONSTRAINT relay_duty_check CHECK ((duty = ANY (ARRAY['number'::text, 'publish'::text])))
);
CREATE TABLE public.sealed_file (
    path text NOT NULL,
    row_count bigint NOT NULL,
    byte_count bigint NOT NULL,
    from_at timestamp with time zone NOT NULL,
    to_at timestamp with time zone NOT NULL,
    sha256 text NOT NULL,
    sealed_at timestamp with time zone NOT NULL
);
CREATE TABLE public.service_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.set_aside (
    event_id uuid NOT NULL,
    source text NOT NULL,
    sequence bigint NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    error text NOT NULL,
    attempts integer DEFAULT 1 NOT NULL,
    set_aside_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.source (
    equipment_id text NOT NULL,
    data_quality text NOT NULL,
    last_sample_at timestamp with time zone,
    changed_at timestamp with time zone NOT NULL
);
INSERT INTO public.command VALUES ('test-WR-NFM-01-W02-ccd-2026-12-01T08:55:34.235151+00:00', '623597847abffe5a9fd05719700602effe759cffd679f09bf00e92a453e81c08', '{"series_id": "WR-NFM-01-W02-ccd"}', '2026-11-28 02:28:19.198718+00');
INSERT INTO public.command VALUES ('test-WR-NFM-01-W01-ccd-2026-12-01T08:59:56.498797+00:00', '5b8dfc300927c2f3b0b9c86dfd1024b61af34fea391e82d37e4c07669ed6cbb0', '{"series_id": "WR-NFM-01-W01-ccd"}', '2026-11-28 02:28:19.305169+00');
INSERT INTO public.command VALUES ('rows-pilot.formation.cycling.tester-1-1', 'fd1e679a46dee282aa676d664826b84e8131a9a9a4359bf29705e9832b3eef00', '{"source": "pilot.formation.cycling.tester-1", "repeated": false, "sequence": 1}', '2026-11-28 02:28:26.630555+00');
INSERT INTO public.command VALUES ('test-WR-NVP-01-W02-ccd-2026-12-01T12:37:17.876529+00:00', 'a38bd803daa422561beabd3ea6f9a6b0f825779742249576ac4ec8205ce8fe75', '{"series_id": "WR-NVP-01-W02-ccd"}', '2026-11-28 02:28:27.794317+00');
INSERT INTO public.command VALUES ('test-WR-NVP-01-W01-ccd-2026-12-01T12:41:42.645670+00:00', '8095421d1d72be542960aca5f84760e3a703c4ccbab7dce7849308bc5889a5a5', '{"series_id": "WR-NVP-01-W01-ccd"}', '2026-11-28 02:28:27.872962+00');
INSERT INTO public.command VALUES ('test-WR-NFM-01-C02-formation-2026-12-01T14:03:32.618943+00:00', 'cf9d91d86fd8a474faefd8f806a90c18b09322e317bbc2ca90c5ebea99eb6313', '{"series_id": "WR-NFM-01-C02-formation"}', '2026-11-28 02:28:30.946327+00');
INSERT INTO public.command VALUES ('test-WR-NFM-01-C01-formation-2026-12-01T14:49:14.741976+00:00', '37f6eceede84faaeedb82b780e9f89b7c7a9694d9a0380455682e8d1b54e4d31', '{"series_id": "WR-NFM-01-C01-formation"}', '2026-11-28 02:28:33.057784+00');
INSERT INTO public.command VALUES ('rows-pilot.formation.cycling.tester-1-2', '5e47a119b140a26f76db531d1ab3dce72b804e635da9d41918dc2ea04c6e6e35', '{"source": "pilot.formation.cycling.tester-1", "repeated": false, "sequence": 2}', '2026-11-28 02:28:33.105466+00');
INSERT INTO public.command VALUES ('test-WR-NFM-01-C03-formation-2026-12-01T15:46:41.368953+00:00', 'c8ac851c6fb0932861492f7f9598ac778509e911852f2b38ce6b0fac1462821d', '{"series_id": "WR-NFM-01-C03-formation"}', '2026-11-28 02:28:35.218179+00');
INSERT INTO public.command VALUES ('test-WR-NFM-01-C04-formation-2026-12-01T16:16:46.995853+00:00', 'd3d0287e5f30f9f6b8c707137e0086106303e1f7f942c33e85b506e66cc48fd4', '{"series_id": "WR-NFM-01-C04-formation"}', '2026-11-28 02:28:36.318761+00');
INSERT INTO public.command VALUES ('rows-pilot.formation.cycling.tester-1-3', 'ded890cee8c5f4aae6ac510e29d1c96e590e9b0d4af2dd4707b6e6b4a23d70f6', '{"source": "pilot.formation.cycling.tester-1", "repeated": false, "sequence": 3}', '2026-11-28 02:28:39.457475+00');
INSERT INTO public.command VALUES ('test-WR-NFM-01-C05-formation-2026-12-01T17:51:15.238768+00:00', '95ddb251a2e47c98a45c9fb3bac7c11cc029eed9a5ff7a372ca5f02e9fa6931e', '{"series_id": "WR-NFM-01-C05-formation"}', '2026-11-28 02:28:40.534384+00');
INSERT INTO public.kernel_version VALUES ('0001');
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (1, '01a21ff8-cfc6-732c-8c3f-2112c8c19e67', 'org.halite.source_state_changed.v1', 'pilot/dryroom/spray/eap-2', 'halite/v1/pilot/ev/historian/p/10/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-cfc6-732c-8c3f-2112c8c19e67","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/dryroom/spray/eap-2","partitionkey":"pilot/dryroom/spray/eap-2","time":"2026-11-28T10:40:08.640964Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/dryroom/spray/eap-2","data_quality":"good","last_sample_at":"2026-11-28T10:19:19.988982Z"}}', '2026-11-28 02:25:29.544513+00', 1);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (2, '01a21ff8-d210-764d-921b-96834b7adab8', 'org.halite.source_state_changed.v1', 'pilot/dryroom/assembly/laminator-1', 'halite/v1/pilot/ev/historian/p/02/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d210-764d-921b-96834b7adab8","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/dryroom/assembly/laminator-1","partitionkey":"pilot/dryroom/assembly/laminator-1","time":"2026-11-28T10:54:47.044198Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/dryroom/assembly/laminator-1","data_quality":"good","last_sample_at":"2026-11-28T10:33:30.963343Z"}}', '2026-11-28 02:25:30.131095+00', 2);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (3, '01a21ff8-d210-7e40-ac12-46597f28c81b', 'org.halite.source_state_changed.v1', 'pilot/dryroom/spray/eap-1', 'halite/v1/pilot/ev/historian/p/15/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d210-7e40-ac12-46597f28c81b","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/dryroom/spray/eap-1","partitionkey":"pilot/dryroom/spray/eap-1","time":"2026-11-28T10:54:47.286402Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/dryroom/spray/eap-1","data_quality":"good","last_sample_at":"2026-11-28T10:30:54.482634Z"}}', '2026-11-28 02:25:30.131136+00', 3);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (4, '01a21ff8-d210-72aa-86b1-4c598b72aedb', 'org.halite.source_state_changed.v1', 'pilot/dryroom/assembly/sealer-1', 'halite/v1/pilot/ev/historian/p/09/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d210-72aa-86b1-4c598b72aedb","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/dryroom/assembly/sealer-1","partitionkey":"pilot/dryroom/assembly/sealer-1","time":"2026-11-28T10:54:47.329140Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/dryroom/assembly/sealer-1","data_quality":"good","last_sample_at":"2026-11-28T10:46:05.827755Z"}}', '2026-11-28 02:25:30.131152+00', 4);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (5, '01a21ff8-d420-7d9b-8a90-67c153df12c8', 'org.halite.source_state_changed.v1', 'pilot/formation/analysis/analyser-1', 'halite/v1/pilot/ev/historian/p/13/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d420-7d9b-8a90-67c153df12c8","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/formation/analysis/analyser-1","partitionkey":"pilot/formation/analysis/analyser-1","time":"2026-11-28T11:07:59.315362Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/analysis/analyser-1","data_quality":"good","last_sample_at":"2026-11-28T10:56:38.080566Z"}}', '2026-11-28 02:25:30.658411+00', 5);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (6, '01a21ff8-d420-759b-a3b3-e8884cb82f27', 'org.halite.source_state_changed.v1', 'pilot/formation/rest/rack-1', 'halite/v1/pilot/ev/historian/p/01/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d420-759b-a3b3-e8884cb82f27","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/formation/rest/rack-1","partitionkey":"pilot/formation/rest/rack-1","time":"2026-11-28T11:07:59.549980Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/rest/rack-1","data_quality":"good","last_sample_at":"2026-11-28T10:51:38.003121Z"}}', '2026-11-28 02:25:30.658463+00', 6);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (7, '01a21ff8-d623-7e9d-ac65-05f5a91831a1', 'org.halite.source_state_changed.v1', 'pilot/powder/milling/mill-1', 'halite/v1/pilot/ev/historian/p/06/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d623-7e9d-ac65-05f5a91831a1","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/powder/milling/mill-1","partitionkey":"pilot/powder/milling/mill-1","time":"2026-11-28T11:20:52.780390Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/powder/milling/mill-1","data_quality":"good","last_sample_at":"2026-11-28T11:15:45.129652Z"}}', '2026-11-28 02:25:31.172241+00', 7);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (8, '01a21ff8-d823-72e0-8763-05f68464dd44', 'org.halite.source_state_changed.v1', 'pilot/powder/pressing/press-1', 'halite/v1/pilot/ev/historian/p/06/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d823-72e0-8763-05f68464dd44","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/powder/pressing/press-1","partitionkey":"pilot/powder/pressing/press-1","time":"2026-11-28T11:33:39.551650Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/powder/pressing/press-1","data_quality":"good","last_sample_at":"2026-11-28T11:15:46.220391Z"}}', '2026-11-28 02:25:31.683401+00', 8);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (9, '01a21ff8-d823-70e0-80dc-8839da3b1418', 'org.halite.source_state_changed.v1', 'pilot/powder/drying/dryer-1', 'halite/v1/pilot/ev/historian/p/14/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d823-70e0-80dc-8839da3b1418","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/powder/drying/dryer-1","partitionkey":"pilot/powder/drying/dryer-1","time":"2026-11-28T11:33:39.782784Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/powder/drying/dryer-1","data_quality":"good","last_sample_at":"2026-11-28T11:32:45.311517Z"}}', '2026-11-28 02:25:31.683482+00', 9);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (10, '01a21ff8-d823-7625-8906-448af9c9441f', 'org.halite.source_state_changed.v1', 'pilot/furnaces/heat/furnace-2', 'halite/v1/pilot/ev/historian/p/11/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d823-7625-8906-448af9c9441f","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/furnaces/heat/furnace-2","partitionkey":"pilot/furnaces/heat/furnace-2","time":"2026-11-28T11:33:39.833184Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/furnaces/heat/furnace-2","data_quality":"good","last_sample_at":"2026-11-28T11:17:06.572106Z"}}', '2026-11-28 02:25:31.683528+00', 10);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (11, '01a21ff8-d823-7b52-8a5b-cb8d4c3771d8', 'org.halite.source_state_changed.v1', 'pilot/furnaces/heat/furnace-3', 'halite/v1/pilot/ev/historian/p/03/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d823-7b52-8a5b-cb8d4c3771d8","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/furnaces/heat/furnace-3","partitionkey":"pilot/furnaces/heat/furnace-3","time":"2026-11-28T11:33:39.872302Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/furnaces/heat/furnace-3","data_quality":"good","last_sample_at":"2026-11-28T11:30:17.553877Z"}}', '2026-11-28 02:25:31.68357+00', 11);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (12, '01a21ff8-d823-7932-86d1-3d34d2dc1653', 'org.halite.source_state_changed.v1', 'pilot/powder/milling/mill-2', 'halite/v1/pilot/ev/historian/p/14/equipment/source_state_changed', '{"specversion":"1.0","id":"01a21ff8-d823-7932-86d1-3d34d2dc1653","source":"/halite/historian","type":"org.halite.source_state_changed.v1","subject":"pilot/powder/milling/mill-2","partitionkey":"pilot/powder/milling/mill-2","time":"2026-11-28T11:33:39.904164Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/powder/milling/mill-2","data_quality":"good","last_sample_at":"2026-11-28T11:28:58.677742Z"}}', '2026-11-28 02:25:31.683609+00', 12);
INSERT INTO public.relay VALUES ('number', 49);
INSERT INTO public.relay VALUES ('publish', 49);
INSERT INTO public.sealed_file VALUES ('timeseries/2026-11-28/20261128T101919-50e4014fb9ed450fbdb318e332369994.parquet', 2037, 24826, '2026-11-28 10:19:19.988982+00', '2026-11-29 14:32:42.995407+00', '46ef01a57d75db982212c93edf6b5b93526e584a206a9ad73c92b22ce78d6874', '2026-11-29 15:47:47.639778+00');
INSERT INTO public.sealed_file VALUES ('timeseries/2026-11-29/20261129T144006-0424f06050d64c51a7638f94aa3ee00c.parquet', 1983, 22957, '2026-11-29 14:40:06.550807+00', '2026-11-30 17:34:13.794019+00', '9a775450a694e3289f52830a7433e009777bc9b56cbd6c181847eaf67ac26cea', '2026-11-30 18:34:10.786438+00');
INSERT INTO public.sealed_file VALUES ('timeseries/2026-11-30/20261130T173407-c2fa27d494bf4007b60b33bca413745d.parquet', 2802, 31232, '2026-11-30 17:34:07.611399+00', '2026-12-01 23:49:32.838037+00', '2b229f5286bbebbb2d36ccc3ddac41c62fb9293de5e13820d89856da410220cc', '2026-12-02 02:33:43.405315+00');
INSERT INTO public.sealed_file VALUES ('timeseries/2026-12-01/20261201T235040-cebfa037717d47c1ba39be9f99e0b928.parquet', 4257, 42891, '2026-12-01 23:50:40.137199+00', '2026-12-03 03:01:49.551424+00', 'f2df4fcb7b98710e3e7c541756e630f95a0a4dd84feb0a70747f606d5d71875e', '2026-12-03 04:09:01.094626+00');
INSERT INTO public.service_version VALUES ('0001');
INSERT INTO public.source VALUES ('pilot/dryroom/spray/eap-2', 'good', '2026-11-28 10:19:19.988982+00', '2026-11-28 10:40:06.12847+00');
INSERT INTO public.source VALUES ('pilot/dryroom/assembly/laminator-1', 'good', '2026-11-28 10:33:30.963343+00', '2026-11-28 10:53:44.174149+00');
INSERT INTO public.source VALUES ('pilot/dryroom/spray/eap-1', 'good', '2026-11-28 10:30:54.482634+00', '2026-11-28 10:53:44.174149+00');
INSERT INTO public.source VALUES ('pilot/dryroom/assembly/sealer-1', 'good', '2026-11-28 10:46:05.827755+00', '2026-11-28 10:53:44.174149+00');
INSERT INTO public.source VALUES ('pilot/formation/analysis/analyser-1', 'good', '2026-11-28 10:56:38.080566+00', '2026-11-28 11:07:56.127693+00');
INSERT INTO public.source VALUES ('pilot/formation/rest/rack-1', 'good', '2026-11-28 10:51:38.003121+00', '2026-11-28 11:07:56.127693+00');
INSERT INTO public.source VALUES ('pilot/powder/milling/mill-1', 'good', '2026-11-28 11:15:45.129652+00', '2026-11-28 11:20:48.572526+00');
INSERT INTO public.source VALUES ('pilot/powder/pressing/press-1', 'good', '2026-11-28 11:15:46.220391+00', '2026-11-28 11:33:38.158618+00');
INSERT INTO public.source VALUES ('pilot/powder/drying/dryer-1', 'good', '2026-11-28 11:32:45.311517+00', '2026-11-28 11:33:38.158618+00');
INSERT INTO public.source VALUES ('pilot/furnaces/heat/furnace-2', 'good', '2026-11-28 11:17:06.572106+00', '2026-11-28 11:33:38.158618+00');
INSERT INTO public.source VALUES ('pilot/furnaces/heat/furnace-3', 'good', '2026-11-28 11:30:17.553877+00', '2026-11-28 11:33:38.158618+00');
INSERT INTO public.source VALUES ('pilot/powder/milling/mill-2', 'good', '2026-11-28 11:28:58.677742+00', '2026-11-28 11:33:38.158618+00');
SELECT pg_catalog.setval('public.fresh_batch_id_seq', 1, false);
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
ALTER TABLE ONLY public.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (source);
ALTER TABLE ONLY public.fresh_batch
    ADD CONSTRAINT fresh_batch_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.kernel_version
    ADD CONSTRAINT kernel_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_sequence_key UNIQUE (sequence);
ALTER TABLE ONLY public.relay
    ADD CONSTRAINT relay_pkey PRIMARY KEY (duty);
ALTER TABLE ONLY public.sealed_file
    ADD CONSTRAINT sealed_file_pkey PRIMARY KEY (path);
ALTER TABLE ONLY public.service_version
    ADD CONSTRAINT service_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.source
    ADD CONSTRAINT source_pkey PRIMARY KEY (equipment_id);
CREATE INDEX outbox_unnumbered ON public.outbox USING btree (id) WHERE (sequence IS NULL);
CREATE INDEX sealed_file_time ON public.sealed_file USING btree (from_at, to_at);
CREATE INDEX set_aside_subject ON public.set_aside USING btree (source, subject);
