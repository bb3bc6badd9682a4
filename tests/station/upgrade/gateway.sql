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
CREATE TABLE public.alarm (
    alarm_id text NOT NULL,
    condition text NOT NULL,
    code text NOT NULL,
    text text NOT NULL,
    priority smallint NOT NULL,
    source text NOT NULL,
    leaves text NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    acknowledged_at timestamp with time zone,
    acknowledged_by text,
    returned_at timestamp with time zone,
    CONSTRAINT alarm_leaves_check CHECK ((leaves = ANY (ARRAY['with_cause'::text, 'when_acknowledged'::text, 'with_either'::text]))),
    CONSTRAINT alarm_priority_check CHECK (((priority >= 1) AND (priority <= 3)))
);
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
CREATE TABLE public.duration (
    job_order_id text NOT NULL,
    operation text NOT NULL,
    duration_s double precision NOT NULL,
    ended_at timestamp with time zone NOT NULL
);
CREATE TABLE public.held_lot (
    condition text NOT NULL,
    lot_id text NOT NULL
);
CREATE TABLE public.job_order (
    job_order_id text NOT NULL,
    equipment_id text,
    operation text NOT NULL,
    lot_id text NOT NULL,
    state text NOT NULL,
    reason text,
    started_at timestamp with time zone,
    CONSTRAINT job_order_state_check CHECK ((state = ANY (ARRAY['running'::text, 'interrupted'::text])))
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
CREATE TABLE public.station (
    equipment_id text NOT NULL,
    state text,
    data_quality text,
    reason text,
    changed_at timestamp with time zone,
    source_quality text,
    last_sample_at timestamp with time zone
);
INSERT INTO public.alarm VALUES ('67bc497e2bbe1d56d0ac', 'lost:pilot/dryroom/assembly/laminator-1', 'station_lost', 'station does not answer', 2, 'pilot/dryroom/assembly/laminator-1', 'with_cause', '2026-11-28 08:05:57.668125+00', NULL, NULL, '2026-11-28 10:35:43.205719+00');
INSERT INTO public.alarm VALUES ('235e494647141299a00e', 'lost:pilot/dryroom/spray/eap-2', 'station_lost', 'station does not answer', 2, 'pilot/dryroom/spray/eap-2', 'with_cause', '2026-11-28 08:39:45.687724+00', NULL, NULL, '2026-11-28 10:36:15.997431+00');
INSERT INTO public.alarm VALUES ('33e340c7a786cf92a80f', 'lost:pilot/dryroom/assembly/sealer-1', 'station_lost', 'station does not answer', 2, 'pilot/dryroom/assembly/sealer-1', 'with_cause', '2026-11-28 08:05:56.733108+00', NULL, NULL, '2026-11-28 10:37:43.1586+00');
INSERT INTO public.alarm VALUES ('5f63acaf1decf1b5d876', 'lost:pilot/dryroom/spray/eap-1', 'station_lost', 'station does not answer', 2, 'pilot/dryroom/spray/eap-1', 'with_cause', '2026-11-28 08:39:28.402954+00', NULL, NULL, '2026-11-28 10:36:52.009305+00');
INSERT INTO public.alarm VALUES ('2c9d736e0cd01285f8a2', 'lost:pilot/powder/milling/mill-1', 'station_lost', 'station does not answer', 2, 'pilot/powder/milling/mill-1', 'with_cause', '2026-11-28 08:44:31.657644+00', NULL, NULL, '2026-11-28 11:16:27.484719+00');
INSERT INTO public.alarm VALUES ('3ead6dd667ce652cc2ff', 'lost:pilot/powder/pressing/press-1', 'station_lost', 'station does not answer', 2, 'pilot/powder/pressing/press-1', 'with_cause', '2026-11-28 08:45:15.921234+00', NULL, NULL, '2026-11-28 11:20:11.346447+00');
INSERT INTO public.alarm VALUES ('6cb25a010a5af3cc831e', 'lost:pilot/powder/drying/dryer-1', 'station_lost', 'station does not answer', 2, 'pilot/powder/drying/dryer-1', 'with_cause', '2026-11-28 08:44:32.649175+00', NULL, NULL, '2026-11-28 11:20:33.79657+00');
INSERT INTO public.alarm VALUES ('eb8028fe89fcdb9bfaec', 'lost:pilot/furnaces/heat/furnace-2', 'station_lost', 'station does not answer', 2, 'pilot/furnaces/heat/furnace-2', 'with_cause', '2026-11-28 08:44:58.366723+00', NULL, NULL, '2026-11-28 11:20:43.516684+00');
INSERT INTO public.alarm VALUES ('a39f05a05a8e317a8bdf', 'lost:pilot/powder/milling/mill-2', 'station_lost', 'station does not answer', 2, 'pilot/powder/milling/mill-2', 'with_cause', '2026-11-28 08:44:32.216038+00', NULL, NULL, '2026-11-28 11:21:15.161923+00');
INSERT INTO public.alarm VALUES ('b07099b4673b2cdc9859', 'lost:pilot/furnaces/heat/furnace-3', 'station_lost', 'station does not answer', 2, 'pilot/furnaces/heat/furnace-3', 'with_cause', '2026-11-28 08:44:57.902295+00', NULL, NULL, '2026-11-28 11:21:15.822603+00');
INSERT INTO public.alarm VALUES ('46e8d1e271648df9a728', 'lost:pilot/furnaces/heat/furnace-1', 'station_lost', 'station does not answer', 2, 'pilot/furnaces/heat/furnace-1', 'with_cause', '2026-11-28 08:44:38.407461+00', NULL, NULL, '2026-11-28 11:32:48.713646+00');
INSERT INTO public.alarm VALUES ('efd4972b22565d005219', 'lost:pilot/furnaces/inspection/gauge-1', 'station_lost', 'station does not answer', 2, 'pilot/furnaces/inspection/gauge-1', 'with_cause', '2026-11-28 08:44:29.187739+00', NULL, NULL, '2026-11-28 12:16:39.656556+00');
INSERT INTO public.cursor VALUES ('plc', 0);
INSERT INTO public.cursor VALUES ('formation', 244);
INSERT INTO public.cursor VALUES ('quality', 197);
INSERT INTO public.cursor VALUES ('execution', 559);
INSERT INTO public.cursor VALUES ('historian', 51);
INSERT INTO public.cursor VALUES ('trace', 211);
INSERT INTO public.cursor VALUES ('lamination', 196);
INSERT INTO public.cursor VALUES ('sintering', 95);
INSERT INTO public.cursor VALUES ('spray', 100);
INSERT INTO public.duration VALUES ('WR-NFM-01-PWD-mill', 'mill', 14400, '2026-11-28 15:28:42.088204+00');
INSERT INTO public.duration VALUES ('WR-NVP-01-PWD-mill', 'mill', 14400, '2026-11-28 15:29:24.48972+00');
INSERT INTO public.duration VALUES ('WR-NFM-01-PWD-dry', 'dry', 14400, '2026-11-28 19:38:37.045105+00');
INSERT INTO public.duration VALUES ('WR-NVP-01-PWD-dry', 'dry', 14400, '2026-11-28 23:42:49.635556+00');
INSERT INTO public.duration VALUES ('WR-NFM-01-PWD-calcine', 'calcine', 48950, '2026-11-29 10:14:07.131395+00');
INSERT INTO public.duration VALUES ('WR-NFM-01-PWD-regrind', 'regrind', 3600, '2026-11-29 11:27:44.107102+00');
INSERT INTO public.duration VALUES ('WR-NFM-01-PEL-press', 'press', 816, '2026-11-29 11:58:44.13187+00');
INSERT INTO public.duration VALUES ('WR-NVP-01-PWD-calcine', 'calcine', 48950, '2026-11-29 14:15:16.191824+00');
INSERT INTO public.duration VALUES ('WR-NVP-01-PWD-regrind', 'regrind', 3600, '2026-11-29 15:32:56.992924+00');
INSERT INTO public.duration VALUES ('WR-NVP-01-PEL-press', 'press', 148, '2026-11-29 15:47:33.797101+00');
INSERT INTO public.duration VALUES ('WR-NFM-01-PEL-debind', 'debind', 23975, '2026-11-29 19:37:20.128293+00');
INSERT INTO public.duration VALUES ('WR-NVP-01-PEL-debind', 'debind', 23975, '2026-11-29 23:06:04.243269+00');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-023');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-049');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-096');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-106');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-135');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-208');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-224');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-238');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-262');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-272');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:density', 'WR-NFM-01-PEL-323');
INSERT INTO public.held_lot VALUES ('gate:WR-NFM-01:thickness', 'WR-NFM-01-PEL-049');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C07-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NFM-01-C07', 'running', NULL, '2026-12-01 20:01:11.699643+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C08-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NFM-01-C08', 'running', NULL, '2026-12-01 20:36:03.844479+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C09-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NFM-01-C09', 'running', NULL, '2026-12-01 22:18:40.486572+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C10-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NFM-01-C10', 'running', NULL, '2026-12-01 23:16:19.259019+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C11-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NFM-01-C11', 'running', NULL, '2026-12-02 00:43:41.233977+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C12-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NFM-01-C12', 'running', NULL, '2026-12-02 02:23:34.295314+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-C01-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NVP-01-C01', 'running', NULL, '2026-12-02 02:28:14.214315+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-C02-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NVP-01-C02', 'running', NULL, '2026-12-02 03:20:19.073551+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-C03-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NVP-01-C03', 'running', NULL, '2026-12-02 03:22:06.741682+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-C04-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NVP-01-C04', 'running', NULL, '2026-12-02 03:24:03.142015+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-C05-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NVP-01-C05', 'running', NULL, '2026-12-02 03:25:43.316862+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-C07-formation', 'pilot/formation/cycling/tester-1', 'formation', 'WR-NVP-01-C07', 'running', NULL, '2026-12-02 03:27:34.201399+00');
INSERT INTO public.kernel_version VALUES ('0001');
INSERT INTO public.relay VALUES ('number', 0);
INSERT INTO public.relay VALUES ('publish', 0);
INSERT INTO public.service_version VALUES ('0001');
INSERT INTO public.station VALUES ('pilot/furnaces/heat/furnace-2', 'standby', 'good', NULL, '2026-11-30 16:21:53.318565+00', 'good', '2026-11-28 11:17:06.572106+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-18-4', NULL, NULL, NULL, NULL, 'stale', '2026-12-02 02:10:45.083277+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-15-7', NULL, NULL, NULL, NULL, 'good', '2026-12-02 04:28:11.131242+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-15-8', NULL, NULL, NULL, NULL, 'good', '2026-12-02 04:28:11.131242+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-1-1', NULL, NULL, NULL, NULL, 'stale', '2026-12-03 11:19:50.77069+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-1-2', NULL, NULL, NULL, NULL, 'stale', '2026-12-03 12:11:43.408518+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-1-3', NULL, NULL, NULL, NULL, 'stale', '2026-12-03 13:04:11.887594+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-1-5', NULL, NULL, NULL, NULL, 'good', '2026-12-01 18:14:15.33189+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-1-4', NULL, NULL, NULL, NULL, 'stale', '2026-12-03 13:57:45.699596+00');
INSERT INTO public.station VALUES ('pilot/dryroom/spray/eap-1', 'standby', 'good', NULL, '2026-12-01 09:54:25.195441+00', 'good', '2026-11-28 10:30:54.482634+00');
INSERT INTO public.station VALUES ('pilot/formation/cycling/tester-1/1-1-6', NULL, NULL, NULL, NULL, 'good', '2026-12-01 18:41:44.809098+00');
INSERT INTO public.station VALUES ('pilot/dryroom/spray/eap-2', 'standby', 'good', NULL, '2026-12-01 10:03:31.641297+00', 'good', '2026-11-28 10:19:19.988982+00');
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
ALTER TABLE ONLY public.alarm
    ADD CONSTRAINT alarm_pkey PRIMARY KEY (alarm_id);
ALTER TABLE ONLY public.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (source);
ALTER TABLE ONLY public.duration
    ADD CONSTRAINT duration_pkey PRIMARY KEY (job_order_id);
ALTER TABLE ONLY public.held_lot
    ADD CONSTRAINT held_lot_pkey PRIMARY KEY (condition, lot_id);
ALTER TABLE ONLY public.job_order
    ADD CONSTRAINT job_order_pkey PRIMARY KEY (job_order_id);
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
ALTER TABLE ONLY public.service_version
    ADD CONSTRAINT service_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.station
    ADD CONSTRAINT station_pkey PRIMARY KEY (equipment_id);
CREATE UNIQUE INDEX alarm_active ON public.alarm USING btree (condition) WHERE (returned_at IS NULL);
CREATE INDEX alarm_raised ON public.alarm USING btree (raised_at);
CREATE INDEX duration_operation ON public.duration USING btree (operation, ended_at);
CREATE INDEX outbox_unnumbered ON public.outbox USING btree (id) WHERE (sequence IS NULL);
CREATE INDEX set_aside_subject ON public.set_aside USING btree (source, subject);
