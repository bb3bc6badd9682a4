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
CREATE TABLE public.disposition (
    lot_id text NOT NULL,
    gate text NOT NULL,
    disposition text NOT NULL,
    reason text NOT NULL,
    decided_at timestamp with time zone NOT NULL
);
CREATE TABLE public.hold (
    lot_id text NOT NULL,
    gate text NOT NULL,
    reason text NOT NULL,
    held_at timestamp with time zone NOT NULL
);
CREATE TABLE public.job_order (
    job_order_id text NOT NULL,
    work_request_id text NOT NULL,
    operation text NOT NULL,
    scope text NOT NULL,
    "position" integer NOT NULL,
    lot_id text NOT NULL,
    after text[] NOT NULL,
    state text NOT NULL,
    reason text,
    not_before timestamp with time zone,
    materials jsonb DEFAULT '[]'::jsonb NOT NULL,
    equipment_id text,
    released_at timestamp with time zone,
    started_at timestamp with time zone,
    ended_at timestamp with time zone
);
CREATE TABLE public.kernel_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.lot (
    lot_id text NOT NULL,
    material_definition_id text NOT NULL,
    kind text NOT NULL,
    quantity double precision NOT NULL,
    unit text NOT NULL,
    state text NOT NULL,
    work_request_id text,
    member_of text,
    allocated_to text,
    issued integer DEFAULT 0 NOT NULL,
    equipment_id text,
    grade text,
    discharge_capacity_mah double precision,
    received_at timestamp with time zone,
    updated_at timestamp with time zone NOT NULL
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
CREATE TABLE public.time_limit (
    time_limit_id text NOT NULL,
    lot_id text NOT NULL,
    work_request_id text NOT NULL,
    name text NOT NULL,
    limit_kind text NOT NULL,
    from_event text NOT NULL,
    to_event text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    warn_at timestamp with time zone NOT NULL,
    limit_at timestamp with time zone NOT NULL,
    state text NOT NULL
);
CREATE TABLE public.work_master (
    product_id text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL
);
CREATE TABLE public.work_request (
    work_request_id text NOT NULL,
    work_schedule_id text NOT NULL,
    product_id text NOT NULL,
    product_version integer NOT NULL,
    quantity integer NOT NULL,
    witness_quantity integer NOT NULL,
    priority integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    accepted_at timestamp with time zone NOT NULL
);
CREATE TABLE public.work_schedule (
    work_schedule_id text NOT NULL,
    body jsonb NOT NULL,
    accepted_at timestamp with time zone NOT NULL
);
INSERT INTO public.command VALUES ('d19500759656c5a89e2be831448ca61fecbd975fdfb5afc5321d2e1ef716ace3', 'f6b2f90240c2c9d790dbf614188649c8ce3322acbd2426740d234a4a69605d44', '{"work_masters": ["nfm-pouch-1ah", "nvp-coin"], "storage_places": ["dry-room", "na-cabinet-1", "powder-room"], "hazard_materials": ["na_foil", "na_disc"]}', '2026-11-28 02:25:30.517112+00');
INSERT INTO public.command VALUES ('aa94310aaaacca6ce3da9a1d7b06d0f5', '0cbd38933c0a4bd1493172bf3e0dbc41877d399715161c97eaf865cfa1632772', '{"work_requests": ["WR-NFM-01", "WR-NVP-01"], "work_schedule_id": "pilot-week-1"}', '2026-11-28 02:25:30.989874+00');
INSERT INTO public.cursor VALUES ('formation', 226);
INSERT INTO public.cursor VALUES ('trace', 198);
INSERT INTO public.cursor VALUES ('sintering', 95);
INSERT INTO public.cursor VALUES ('lamination', 196);
INSERT INTO public.cursor VALUES ('spray', 100);
INSERT INTO public.cursor VALUES ('quality', 185);
INSERT INTO public.disposition VALUES ('WR-NFM-01-PWD', 'heat_calcine', 'released', 'profile_deviation_count of WR-NFM-01-PWD is 0 1, at most 0 1 (specification version 1)', '2026-11-29 10:22:50.98615+00');
INSERT INTO public.disposition VALUES ('WR-NVP-01-PWD', 'heat_calcine', 'released', 'profile_deviation_count of WR-NVP-01-PWD is 0 1, at most 0 1 (specification version 1)', '2026-11-29 14:25:51.052198+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-001', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-001 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-002', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-002 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-003', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-003 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-004', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-004 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-005', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-005 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-006', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-006 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-007', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-007 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-008', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-008 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-009', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-009 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.disposition VALUES ('WR-NFM-01-PEL-010', 'debind_places', 'released', 'place_deviation_count of WR-NFM-01-PEL-010 is 0 1, at most 0 1 (specification version 1)', '2026-11-29 20:23:18.096693+00');
INSERT INTO public.kernel_version VALUES ('0001');
INSERT INTO public.lot VALUES ('NA2CO3-0118', 'na2co3', 'stock', 500, 'g', 'available', NULL, NULL, NULL, 0, NULL, NULL, NULL, '2026-11-28 11:16:20.203129+00', '2026-11-28 11:16:20.203129+00');
INSERT INTO public.lot VALUES ('NADISC-0014-0003', 'na_disc', 'piece', 1, 'count', 'consumed', NULL, 'NADISC-0014', NULL, 0, NULL, NULL, NULL, NULL, '2026-11-30 19:08:13.536378+00');
INSERT INTO public.lot VALUES ('NADISC-0014-0004', 'na_disc', 'piece', 1, 'count', 'consumed', NULL, 'NADISC-0014', NULL, 0, NULL, NULL, NULL, NULL, '2026-11-30 19:08:13.536378+00');
INSERT INTO public.lot VALUES ('PVA-0007', 'pva', 'stock', 467.53249999999997, 'g', 'available', NULL, NULL, NULL, 0, NULL, NULL, NULL, '2026-11-28 11:16:20.203129+00', '2026-11-28 11:16:20.203129+00');
INSERT INTO public.lot VALUES ('NADISC-0014', 'na_disc', 'stock', 84, 'count', 'available', NULL, NULL, NULL, 16, NULL, NULL, NULL, '2026-11-28 11:16:20.203129+00', '2026-11-28 11:16:20.203129+00');
INSERT INTO public.lot VALUES ('NVP-0042', 'nvp_cathode', 'stock', 52, 'count', 'available', NULL, NULL, NULL, 8, NULL, NULL, NULL, '2026-11-28 11:16:20.203129+00', '2026-11-28 11:16:20.203129+00');
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (425, '01a21ffb-7315-7402-88d7-6e3234c4bb75', 'org.halite.time_limit_changed.v1', 'WR-NVP-01-C05', 'halite/v1/pilot/ev/execution/p/15/lot/time_limit_changed', '{"specversion":"1.0","id":"01a21ffb-7315-7402-88d7-6e3234c4bb75","source":"/halite/execution","type":"org.halite.time_limit_changed.v1","subject":"WR-NVP-01-C05","partitionkey":"WR-NVP-01-C05","time":"2026-12-01T10:42:06.701725Z","datacontenttype":"application/json","correlationid":"01a21ffb-6f7f-7da2-8809-1f34051b7af6","causationid":"01a21ffb-6f7f-7da2-8809-1f34051b7af6","traceparent":null,"data":{"lot_id":"WR-NVP-01-C05","time_limit_id":"WR-NVP-01-C05-coat_to_stack","name":"coat_to_stack","limit_kind":"max","from_event":"spray ended","to_event":"stack started","started_at":"2026-12-01T09:15:15.544335Z","limit_at":"2026-12-02T09:15:15.544335Z","state":"met"}}', '2026-11-28 02:28:22.421701+00', 425);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (440, '01a21ffb-762a-7e84-b22a-aa5ee149fa66', 'org.halite.job_order_released.v1', 'WR-NVP-01-C03-rest', 'halite/v1/pilot/ev/execution/p/12/job_order/job_order_released', '{"specversion":"1.0","id":"01a21ffb-762a-7e84-b22a-aa5ee149fa66","source":"/halite/execution","type":"org.halite.job_order_released.v1","subject":"WR-NVP-01-C03-rest","partitionkey":"WR-NVP-01-C03","time":"2026-12-01T11:01:50.495322Z","datacontenttype":"application/json","correlationid":"01a21ffb-739d-7854-9235-7d094efe3824","causationid":"01a21ffb-739d-7854-9235-7d094efe3824","traceparent":null,"data":{"job_order_id":"WR-NVP-01-C03-rest","lot_id":"WR-NVP-01-C03","work_request_id":"WR-NVP-01","product_id":"nvp-coin","operation":"rest","service":"formation","station_kind":"rack","recipe_id":"rest-12h","materials":[{"lot_id":"WR-NVP-01-C03","material_definition_id":"cell_nvp_coin","quantity":1.0,"unit":"count","use":"processed"}],"parameters":{},"priority":50,"due_at":"2026-12-31T16:00:00Z","released_at":"2026-12-01T11:00:46.412945Z","through_gates":[],"through_lot_ids":[]}}', '2026-11-28 02:28:23.214555+00', 440);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (441, '01a21ffb-7672-7166-a43d-01d8852cec12', 'org.halite.job_order_released.v1', 'WR-NVP-01-C04-rest', 'halite/v1/pilot/ev/execution/p/12/job_order/job_order_released', '{"specversion":"1.0","id":"01a21ffb-7672-7166-a43d-01d8852cec12","source":"/halite/execution","type":"org.halite.job_order_released.v1","subject":"WR-NVP-01-C04-rest","partitionkey":"WR-NVP-01-C04","time":"2026-12-01T11:03:39.270880Z","datacontenttype":"application/json","correlationid":"01a21ffb-73d6-7b6e-bd99-cb0ad444f7af","causationid":"01a21ffb-73d6-7b6e-bd99-cb0ad444f7af","traceparent":null,"data":{"job_order_id":"WR-NVP-01-C04-rest","lot_id":"WR-NVP-01-C04","work_request_id":"WR-NVP-01","product_id":"nvp-coin","operation":"rest","service":"formation","station_kind":"rack","recipe_id":"rest-12h","materials":[{"lot_id":"WR-NVP-01-C04","material_definition_id":"cell_nvp_coin","quantity":1.0,"unit":"count","use":"processed"}],"parameters":{},"priority":50,"due_at":"2026-12-31T16:00:00Z","released_at":"2026-12-01T11:02:34.042903Z","through_gates":[],"through_lot_ids":[]}}', '2026-11-28 02:28:23.291609+00', 441);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (524, '01a21ffb-f743-75d4-ad2c-39ed8c2f9d5b', 'org.halite.job_order_released.v1', 'WR-NVP-01-C04-impedance', 'halite/v1/pilot/ev/execution/p/12/job_order/job_order_released', '{"specversion":"1.0","id":"01a21ffb-f743-75d4-ad2c-39ed8c2f9d5b","source":"/halite/execution","type":"org.halite.job_order_released.v1","subject":"WR-NVP-01-C04-impedance","partitionkey":"WR-NVP-01-C04","time":"2026-12-02T00:48:04.654227Z","datacontenttype":"application/json","correlationid":"01a21ffb-f5e6-7153-bdd4-7f12653e2c08","causationid":"01a21ffb-f5e6-7153-bdd4-7f12653e2c08","traceparent":null,"data":{"job_order_id":"WR-NVP-01-C04-impedance","lot_id":"WR-NVP-01-C04","work_request_id":"WR-NVP-01","product_id":"nvp-coin","operation":"impedance","service":"formation","station_kind":"analyser","recipe_id":"eis-cell-nvp-coin","materials":[{"lot_id":"WR-NVP-01-C04","material_definition_id":"cell_nvp_coin","quantity":1.0,"unit":"count","use":"processed"}],"parameters":{},"priority":50,"due_at":"2026-12-31T16:00:00Z","released_at":"2026-12-02T00:47:10.528954Z","through_gates":[],"through_lot_ids":[]}}', '2026-11-28 02:28:56.261603+00', 524);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (528, '01a21ffb-fa19-78af-a9f8-4462e57e6a60', 'org.halite.genealogy_recorded.v1', 'WR-NVP-01-C06-rest', 'halite/v1/pilot/ev/execution/p/06/job_order/genealogy_recorded', '{"specversion":"1.0","id":"01a21ffb-fa19-78af-a9f8-4462e57e6a60","source":"/halite/execution","type":"org.halite.genealogy_recorded.v1","subject":"WR-NVP-01-C06-rest","partitionkey":"WR-NVP-01-C06","time":"2026-12-02T01:06:13.330263Z","datacontenttype":"application/json","correlationid":"01a21ffb-f89e-7784-8ed5-af5e3f244650","causationid":"01a21ffb-f89e-7784-8ed5-af5e3f244650","traceparent":null,"data":{"job_order_id":"WR-NVP-01-C06-rest","lot_id":"WR-NVP-01-C06","work_request_id":"WR-NVP-01","product_id":"nvp-coin","operation":"rest","equipment_id":"pilot/formation/rest/rack-1","recipe_id":"rest-12h","recipe_version":1,"materials":[{"lot_id":"WR-NVP-01-C06","material_definition_id":"cell_nvp_coin","quantity":1.0,"unit":"count","use":"processed"}],"started_at":"2026-12-01T12:51:47.221291Z","ended_at":"2026-12-02T00:51:47.221291Z","fixture_id":null,"persons":[]}}', '2026-11-28 02:28:56.990024+00', 528);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (532, '01a21ffb-fc2e-7068-9253-5db7587a726f', 'org.halite.genealogy_recorded.v1', 'WR-NVP-01-C03-impedance', 'halite/v1/pilot/ev/execution/p/12/job_order/genealogy_recorded', '{"specversion":"1.0","id":"01a21ffb-fc2e-7068-9253-5db7587a726f","source":"/halite/execution","type":"org.halite.genealogy_recorded.v1","subject":"WR-NVP-01-C03-impedance","partitionkey":"WR-NVP-01-C03","time":"2026-12-02T01:19:32.962050Z","datacontenttype":"application/json","correlationid":"01a21ffb-fb51-7e63-a5c2-670f01960b9b","causationid":"01a21ffb-fb51-7e63-a5c2-670f01960b9b","traceparent":null,"data":{"job_order_id":"WR-NVP-01-C03-impedance","lot_id":"WR-NVP-01-C03","work_request_id":"WR-NVP-01","product_id":"nvp-coin","operation":"impedance","equipment_id":"pilot/formation/analysis/analyser-1","recipe_id":"eis-cell-nvp-coin","recipe_version":1,"materials":[{"lot_id":"WR-NVP-01-C03","material_definition_id":"cell_nvp_coin","quantity":1.0,"unit":"count","use":"processed"}],"started_at":"2026-12-02T01:09:18.718909Z","ended_at":"2026-12-02T01:09:59.491686Z","fixture_id":"analyser-1-fixture-cell","persons":[]}}', '2026-11-28 02:28:57.524731+00', 532);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (537, '01a21ffb-ffcc-79d6-bb69-fe8bf240d632', 'org.halite.genealogy_recorded.v1', 'WR-NVP-01-C05-impedance', 'halite/v1/pilot/ev/execution/p/15/job_order/genealogy_recorded', '{"specversion":"1.0","id":"01a21ffb-ffcc-79d6-bb69-fe8bf240d632","source":"/halite/execution","type":"org.halite.genealogy_recorded.v1","subject":"WR-NVP-01-C05-impedance","partitionkey":"WR-NVP-01-C05","time":"2026-12-02T01:42:41.644332Z","datacontenttype":"application/json","correlationid":"01a21ffb-ff40-73c6-83b7-ef3462fa5a8d","causationid":"01a21ffb-ff40-73c6-83b7-ef3462fa5a8d","traceparent":null,"data":{"job_order_id":"WR-NVP-01-C05-impedance","lot_id":"WR-NVP-01-C05","work_request_id":"WR-NVP-01","product_id":"nvp-coin","operation":"impedance","equipment_id":"pilot/formation/analysis/analyser-1","recipe_id":"eis-cell-nvp-coin","recipe_version":1,"materials":[{"lot_id":"WR-NVP-01-C05","material_definition_id":"cell_nvp_coin","quantity":1.0,"unit":"count","use":"processed"}],"started_at":"2026-12-02T01:32:52.456324Z","ended_at":"2026-12-02T01:33:33.229101Z","fixture_id":"analyser-1-fixture-cell","persons":[]}}', '2026-11-28 02:28:58.446599+00', 537);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (426, '01a21ffb-734b-7b7c-8ffb-b1e0b35d8708', 'org.halite.material_lot_registered.v1', 'WR-NVP-01-C05', 'halite/v1/pilot/ev/execution/p/15/lot/material_lot_registered', '{"specversion":"1.0","id":"01a21ffb-734b-7b7c-8ffb-b1e0b35d8708","source":"/halite/execution","type":"org.halite.material_lot_registered.v1","subject":"WR-NVP-01-C05","partitionkey":"WR-NVP-01-C05","time":"2026-12-01T10:43:28.794538Z","datacontenttype":"application/json","correlationid":"01a21ffb-701f-7c2d-a633-eb5a5190b7e3","causationid":"01a21ffb-701f-7c2d-a633-eb5a5190b7e3","traceparent":null,"data":{"lot_id":"WR-NVP-01-C05","material_definition_id":"cell_nvp_coin","quantity":1.0,"unit":"count","work_request_id":"WR-NVP-01","origin":"produced","members":[]}}', '2026-11-28 02:28:22.4765+00', 426);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (529, '01a21ffb-fa96-7232-a17a-8534211ffb74', 'org.halite.genealogy_recorded.v1', 'WR-NVP-01-C02-impedance', 'halite/v1/pilot/ev/execution/p/09/job_order/genealogy_recorded', '{"specversion":"1.0","id":"01a21ffb-fa96-7232-a17a-8534211ffb74","source":"/halite/execution","type":"org.halite.genealogy_recorded.v1","subject":"WR-NVP-01-C02-impedance","partitionkey":"WR-NVP-01-C02","time":"2026-12-02T01:09:21.280885Z","datacontenttype":"application/json","correlationid":"01a21ffb-f976-7858-bda4-6ef8ddeda950","causationid":"01a21ffb-f976-7858-bda4-6ef8ddeda950","traceparent":null,"data":{"job_order_id":"WR-NVP-01-C02-impedance","lot_id":"WR-NVP-01-C02","work_request_id":"WR-NVP-01","product_id":"nvp-coin","operation":"impedance","equipment_id":"pilot/formation/analysis/analyser-1","recipe_id":"eis-cell-nvp-coin","recipe_version":1,"materials":[{"lot_id":"WR-NVP-01-C02","material_definition_id":"cell_nvp_coin","quantity":1.0,"unit":"count","use":"processed"}],"started_at":"2026-12-02T00:52:46.323837Z","ended_at":"2026-12-02T00:53:27.096614Z","fixture_id":"analyser-1-fixture-cell","persons":[]}}', '2026-11-28 02:28:57.115963+00', 529);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (1, '01a21ff8-d577-7c5a-ac9f-32272869fac3', 'org.halite.material_lot_registered.v1', 'NA2CO3-0117', 'halite/v1/pilot/ev/execution/p/00/lot/material_lot_registered', '{"specversion":"1.0","id":"01a21ff8-d577-7c5a-ac9f-32272869fac3","source":"/halite/execution","type":"org.halite.material_lot_registered.v1","subject":"NA2CO3-0117","partitionkey":"NA2CO3-0117","time":"2026-11-28T11:16:34.369585Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":"00-01a21ff8d52d72b4b95b1b1c0d1ab7ad-b95b1b1c0d1ab7ad-00","data":{"lot_id":"NA2CO3-0117","material_definition_id":"na2co3","quantity":500.0,"unit":"g","work_request_id":null,"origin":"received","members":[]}}', '2026-11-28 02:25:31.000395+00', 1);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (2, '01a21ff8-d579-7d72-93fe-6a35e6363216', 'org.halite.material_lot_registered.v1', 'NA2CO3-0118', 'halite/v1/pilot/ev/execution/p/09/lot/material_lot_registered', '{"specversion":"1.0","id":"01a21ff8-d579-7d72-93fe-6a35e6363216","source":"/halite/execution","type":"org.halite.material_lot_registered.v1","subject":"NA2CO3-0118","partitionkey":"NA2CO3-0118","time":"2026-11-28T11:16:36.676723Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":"00-01a21ff8d52d72b4b95b1b1c0d1ab7ad-b95b1b1c0d1ab7ad-00","data":{"lot_id":"NA2CO3-0118","material_definition_id":"na2co3","quantity":500.0,"unit":"g","work_request_id":null,"origin":"received","members":[]}}', '2026-11-28 02:25:31.001275+00', 2);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (18, '01a21ff8-fd3a-7e9b-b756-ab850aef080a', 'org.halite.material_lot_registered.v1', 'WR-NFM-01-PWD', 'halite/v1/pilot/ev/execution/p/09/lot/material_lot_registered', '{"specversion":"1.0","id":"01a21ff8-fd3a-7e9b-b756-ab850aef080a","source":"/halite/execution","type":"org.halite.material_lot_registered.v1","subject":"WR-NFM-01-PWD","partitionkey":"WR-NFM-01-PWD","time":"2026-11-28T15:31:02.361861Z","datacontenttype":"application/json","correlationid":"01a21ff8-fcf6-79d3-bce0-0740f8dd8946","causationid":"01a21ff8-fcf6-79d3-bce0-0740f8dd8946","traceparent":"00-01a21ff8d52d72b4b95b1b1c0d1ab7ad-b95b1b1c0d1ab7ad-00","data":{"lot_id":"WR-NFM-01-PWD","material_definition_id":"nzzspo_powder","quantity":456.342,"unit":"g","work_request_id":"WR-NFM-01","origin":"produced","members":[]}}', '2026-11-28 02:25:41.180868+00', 18);
INSERT INTO public.relay VALUES ('number', 547);
INSERT INTO public.relay VALUES ('publish', 547);
INSERT INTO public.service_version VALUES ('0001');
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
ALTER TABLE ONLY public.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (source);
ALTER TABLE ONLY public.disposition
    ADD CONSTRAINT disposition_pkey PRIMARY KEY (lot_id, gate);
ALTER TABLE ONLY public.hold
    ADD CONSTRAINT hold_pkey PRIMARY KEY (lot_id, gate);
ALTER TABLE ONLY public.job_order
    ADD CONSTRAINT job_order_pkey PRIMARY KEY (job_order_id);
ALTER TABLE ONLY public.kernel_version
    ADD CONSTRAINT kernel_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.lot
    ADD CONSTRAINT lot_pkey PRIMARY KEY (lot_id);
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
ALTER TABLE ONLY public.time_limit
    ADD CONSTRAINT time_limit_pkey PRIMARY KEY (time_limit_id);
ALTER TABLE ONLY public.work_master
    ADD CONSTRAINT work_master_pkey PRIMARY KEY (product_id, version);
ALTER TABLE ONLY public.work_request
    ADD CONSTRAINT work_request_pkey PRIMARY KEY (work_request_id);
ALTER TABLE ONLY public.work_schedule
    ADD CONSTRAINT work_schedule_pkey PRIMARY KEY (work_schedule_id);
CREATE INDEX job_order_lot ON public.job_order USING btree (lot_id);
CREATE INDEX job_order_request ON public.job_order USING btree (work_request_id, state);
CREATE INDEX lot_members ON public.lot USING btree (member_of, state);
CREATE INDEX lot_request ON public.lot USING btree (work_request_id, kind);
CREATE INDEX lot_stock ON public.lot USING btree (material_definition_id, received_at) WHERE (kind = 'stock'::text);
CREATE INDEX outbox_unnumbered ON public.outbox USING btree (id) WHERE (sequence IS NULL);
CREATE INDEX set_aside_subject ON public.set_aside USING btree (source, subject);
CREATE INDEX time_limit_lot ON public.time_limit USING btree (lot_id);
CREATE INDEX time_limit_open ON public.time_limit USING btree (limit_at) WHERE (state = ANY (ARRAY['open'::text, 'near'::text]));
ALTER TABLE ONLY public.hold
    ADD CONSTRAINT hold_lot_id_fkey FOREIGN KEY (lot_id) REFERENCES public.lot(lot_id);
ALTER TABLE ONLY public.job_order
    ADD CONSTRAINT job_order_work_request_id_fkey FOREIGN KEY (work_request_id) REFERENCES public.work_request(work_request_id);
ALTER TABLE ONLY public.lot
    ADD CONSTRAINT lot_member_of_fkey FOREIGN KEY (member_of) REFERENCES public.lot(lot_id);
ALTER TABLE ONLY public.lot
    ADD CONSTRAINT lot_work_request_id_fkey FOREIGN KEY (work_request_id) REFERENCES public.work_request(work_request_id);
ALTER TABLE ONLY public.time_limit
    ADD CONSTRAINT time_limit_work_request_id_fkey FOREIGN KEY (work_request_id) REFERENCES public.work_request(work_request_id);
ALTER TABLE ONLY public.work_request
    ADD CONSTRAINT work_request_work_schedule_id_fkey FOREIGN KEY (work_schedule_id) REFERENCES public.work_schedule(work_schedule_id);
