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
CREATE TABLE public.interlock_answer (
    id bigint NOT NULL,
    user_name text NOT NULL,
    request_id text NOT NULL,
    equipment_id text NOT NULL,
    lot_id text NOT NULL,
    allowed boolean NOT NULL,
    reason text NOT NULL,
    answered_at timestamp with time zone NOT NULL
);
ALTER TABLE public.interlock_answer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.interlock_answer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.job_order (
    job_order_id text NOT NULL,
    released jsonb,
    station_kind text,
    state text DEFAULT 'allowed_to_start'::text NOT NULL,
    equipment_id text,
    reason text,
    reported text,
    changed_at timestamp with time zone NOT NULL
);
CREATE TABLE public.kernel_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.lot (
    lot_id text NOT NULL,
    material_definition_id text NOT NULL
);
CREATE TABLE public.lot_hold (
    lot_id text NOT NULL,
    source text NOT NULL,
    gate text NOT NULL,
    reason text NOT NULL,
    held_at timestamp with time zone NOT NULL
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
CREATE TABLE public.report (
    id bigint NOT NULL,
    user_name text NOT NULL,
    request_id text NOT NULL,
    equipment_id text NOT NULL,
    job_order_id text,
    state text NOT NULL,
    text text NOT NULL,
    status bigint NOT NULL,
    message text NOT NULL,
    reported_at timestamp with time zone NOT NULL
);
ALTER TABLE public.report ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.report_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
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
INSERT INTO public.cursor VALUES ('quality', 193);
INSERT INTO public.cursor VALUES ('formation', 241);
INSERT INTO public.cursor VALUES ('spray', 100);
INSERT INTO public.cursor VALUES ('sintering', 95);
INSERT INTO public.cursor VALUES ('lamination', 196);
INSERT INTO public.cursor VALUES ('execution', 547);
INSERT INTO public.job_order VALUES ('WR-NFM-01-C04-formation', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-C04", "service": "formation", "priority": 60, "materials": [{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C04", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}], "operation": "formation", "recipe_id": "formation-nfm-pouch", "parameters": {"capacity_mah": 1000.0}, "product_id": "nfm-pouch-1ah", "released_at": "2026-12-01T15:38:55.817725Z", "job_order_id": "WR-NFM-01-C04-formation", "station_kind": "tester", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'tester', 'ended', 'pilot/formation/cycling/tester-1', NULL, NULL, '2026-12-03 13:59:23.178706+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-PWD-mill', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-PWD", "service": "sintering", "priority": 60, "materials": [{"use": "consumed", "unit": "g", "lot_id": "NA2CO3-0117", "quantity": 124.7525, "material_definition_id": "na2co3"}, {"use": "consumed", "unit": "g", "lot_id": "ZRO2-0412", "quantity": 140.9793, "material_definition_id": "zro2"}, {"use": "consumed", "unit": "g", "lot_id": "ZNO-0031", "quantity": 4.90035, "material_definition_id": "zno"}, {"use": "consumed", "unit": "g", "lot_id": "SIO2-0205", "quantity": 79.5903, "material_definition_id": "sio2"}, {"use": "consumed", "unit": "g", "lot_id": "NH4H2PO4-0089", "quantity": 63.7225, "material_definition_id": "nh4h2po4"}, {"use": "consumed", "unit": "ml", "lot_id": "ETOH-0301", "quantity": 323.1, "material_definition_id": "ethanol"}, {"use": "produced", "unit": "g", "lot_id": "WR-NFM-01-PWD", "quantity": 323.1, "material_definition_id": "nzzspo_powder"}], "operation": "mill", "recipe_id": "mill-nzzspo", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-11-28T11:21:23.820471Z", "job_order_id": "WR-NFM-01-PWD-mill", "station_kind": "mill", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'mill', 'ended', 'pilot/powder/milling/mill-1', NULL, NULL, '2026-11-28 15:29:20.368131+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C05-seal', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-C05", "service": "lamination", "priority": 60, "materials": [{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C05", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}], "operation": "seal", "recipe_id": "seal-nfm-pouch", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-12-01T03:27:08.561874Z", "job_order_id": "WR-NFM-01-C05-seal", "station_kind": "sealer", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'sealer', 'ended', 'pilot/dryroom/assembly/sealer-1', NULL, NULL, '2026-12-01 03:43:20.144191+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-S01-conductivity', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-PEL-001", "service": "formation", "priority": 60, "materials": [{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-PEL-001", "quantity": 1.0, "material_definition_id": "ose_pellet"}], "operation": "conductivity", "recipe_id": "eis-blocking-nfm-pouch", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-11-30T18:14:44.250886Z", "job_order_id": "WR-NFM-01-S01-conductivity", "station_kind": "analyser", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'analyser', 'ended', 'pilot/formation/analysis/analyser-1', NULL, NULL, '2026-11-30 18:26:46.468875+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C06-seal', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-C06", "service": "lamination", "priority": 60, "materials": [{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C06", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}], "operation": "seal", "recipe_id": "seal-nfm-pouch", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-12-01T03:45:35.979298Z", "job_order_id": "WR-NFM-01-C06-seal", "station_kind": "sealer", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'sealer', 'ended', 'pilot/dryroom/assembly/sealer-1', NULL, NULL, '2026-12-01 03:58:32.43465+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-PWD-mill', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NVP-01-PWD", "service": "sintering", "priority": 50, "materials": [{"use": "consumed", "unit": "g", "lot_id": "NA2CO3-0117", "quantity": 0.608118, "material_definition_id": "na2co3"}, {"use": "consumed", "unit": "g", "lot_id": "ZRO2-0412", "quantity": 0.687218, "material_definition_id": "zro2"}, {"use": "consumed", "unit": "g", "lot_id": "ZNO-0031", "quantity": 0.0238882, "material_definition_id": "zno"}, {"use": "consumed", "unit": "g", "lot_id": "SIO2-0205", "quantity": 0.38798200000000005, "material_definition_id": "sio2"}, {"use": "consumed", "unit": "g", "lot_id": "NH4H2PO4-0089", "quantity": 0.31061799999999995, "material_definition_id": "nh4h2po4"}, {"use": "consumed", "unit": "ml", "lot_id": "ETOH-0301", "quantity": 1.575, "material_definition_id": "ethanol"}, {"use": "produced", "unit": "g", "lot_id": "WR-NVP-01-PWD", "quantity": 1.575, "material_definition_id": "nzzspo_powder"}], "operation": "mill", "recipe_id": "mill-nzzspo", "parameters": {}, "product_id": "nvp-coin", "released_at": "2026-11-28T11:23:25.964247Z", "job_order_id": "WR-NVP-01-PWD-mill", "station_kind": "mill", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NVP-01"}', 'mill', 'ended', 'pilot/powder/milling/mill-2', NULL, NULL, '2026-11-28 15:30:12.742645+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-PWD-dry', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-PWD", "service": "sintering", "priority": 60, "materials": [{"use": "processed", "unit": "g", "lot_id": "WR-NFM-01-PWD", "quantity": 456.342, "material_definition_id": "nzzspo_powder"}], "operation": "dry", "recipe_id": "dry-nzzspo", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-11-28T15:31:10.224603Z", "job_order_id": "WR-NFM-01-PWD-dry", "station_kind": "dryer", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'dryer', 'ended', 'pilot/powder/drying/dryer-1', NULL, NULL, '2026-11-28 19:39:52.811622+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-PWD-dry', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NVP-01-PWD", "service": "sintering", "priority": 50, "materials": [{"use": "processed", "unit": "g", "lot_id": "WR-NVP-01-PWD", "quantity": 49.339, "material_definition_id": "nzzspo_powder"}], "operation": "dry", "recipe_id": "dry-nzzspo", "parameters": {}, "product_id": "nvp-coin", "released_at": "2026-11-28T15:34:04.952785Z", "job_order_id": "WR-NVP-01-PWD-dry", "station_kind": "dryer", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NVP-01"}', 'dryer', 'ended', 'pilot/powder/drying/dryer-1', NULL, NULL, '2026-11-28 23:43:17.22873+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-PWD-calcine', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-PWD", "service": "sintering", "priority": 60, "materials": [{"use": "processed", "unit": "g", "lot_id": "WR-NFM-01-PWD", "quantity": 409.013, "material_definition_id": "nzzspo_powder"}], "operation": "calcine", "recipe_id": "calcine-nzzspo", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-11-28T19:41:40.095114Z", "job_order_id": "WR-NFM-01-PWD-calcine", "station_kind": "furnace", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'furnace', 'ended', 'pilot/furnaces/heat/furnace-3', NULL, NULL, '2026-11-29 10:18:29.339889+00');
INSERT INTO public.job_order VALUES ('WR-NFM-01-PWD-regrind', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-PWD", "service": "sintering", "priority": 60, "materials": [{"use": "consumed", "unit": "g", "lot_id": "PVA-0007", "quantity": 32.31, "material_definition_id": "pva"}, {"use": "processed", "unit": "g", "lot_id": "WR-NFM-01-PWD", "quantity": 409.013, "material_definition_id": "nzzspo_powder"}], "operation": "regrind", "recipe_id": "regrind-nzzspo", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-11-29T10:23:06.282343Z", "job_order_id": "WR-NFM-01-PWD-regrind", "station_kind": "mill", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'mill', 'ended', 'pilot/powder/milling/mill-1', NULL, NULL, '2026-11-29 11:29:46.291561+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-PWD-calcine', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NVP-01-PWD", "service": "sintering", "priority": 50, "materials": [{"use": "processed", "unit": "g", "lot_id": "WR-NVP-01-PWD", "quantity": 2.011, "material_definition_id": "nzzspo_powder"}], "operation": "calcine", "recipe_id": "calcine-nzzspo", "parameters": {}, "product_id": "nvp-coin", "released_at": "2026-11-28T23:44:45.268854Z", "job_order_id": "WR-NVP-01-PWD-calcine", "station_kind": "furnace", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NVP-01"}', 'furnace', 'ended', 'pilot/furnaces/heat/furnace-1', NULL, NULL, '2026-11-29 14:19:16.148818+00');
INSERT INTO public.job_order VALUES ('WR-NVP-01-PWD-regrind', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NVP-01-PWD", "service": "sintering", "priority": 50, "materials": [{"use": "consumed", "unit": "g", "lot_id": "PVA-0007", "quantity": 0.1575, "material_definition_id": "pva"}, {"use": "processed", "unit": "g", "lot_id": "WR-NVP-01-PWD", "quantity": 2.011, "material_definition_id": "nzzspo_powder"}], "operation": "regrind", "recipe_id": "regrind-nzzspo", "parameters": {}, "product_id": "nvp-coin", "released_at": "2026-11-29T14:26:15.728896Z", "job_order_id": "WR-NVP-01-PWD-regrind", "station_kind": "mill", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NVP-01"}', 'mill', 'ended', 'pilot/powder/milling/mill-1', NULL, NULL, '2026-11-29 15:34:34.388994+00');
INSERT INTO public.kernel_version VALUES ('0001');
INSERT INTO public.lot VALUES ('NA2CO3-0117', 'na2co3');
INSERT INTO public.lot VALUES ('NA2CO3-0118', 'na2co3');
INSERT INTO public.lot VALUES ('ZRO2-0412', 'zro2');
INSERT INTO public.lot VALUES ('ZNO-0031', 'zno');
INSERT INTO public.lot VALUES ('SIO2-0205', 'sio2');
INSERT INTO public.lot VALUES ('NH4H2PO4-0089', 'nh4h2po4');
INSERT INTO public.lot VALUES ('PVA-0007', 'pva');
INSERT INTO public.lot VALUES ('ETOH-0301', 'ethanol');
INSERT INTO public.lot VALUES ('IMG-0550', 'img_glue');
INSERT INTO public.lot VALUES ('NAFOIL-0021', 'na_foil');
INSERT INTO public.lot VALUES ('NADISC-0014', 'na_disc');
INSERT INTO public.lot VALUES ('NFM-0077', 'nfm_cathode');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-023', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-023 is 2.76594 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:20.09856+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-049', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-049 is 2.84972 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:38.670184+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-096', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-096 is 2.76829 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:44.999677+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-106', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-106 is 2.84522 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:45.900037+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-135', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-135 is 2.83814 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:49.378119+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-208', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-208 is 2.79559 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:51.126354+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-224', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-224 is 2.84927 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:51.922926+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-238', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-238 is 2.84732 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:53.165884+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-262', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-262 is 2.84492 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:10:53.90716+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-272', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-272 is 2.84044 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:11:02.875273+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-323', 'execution', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-323 is 2.84766 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 18:11:04.401793+00');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-049', 'execution', 'thickness', 'thickness_um of WR-NFM-01-PEL-049 is 85.21 µm, above high 85 µm (specification version 1)', '2026-11-30 18:14:34.3909+00');
INSERT INTO public.relay VALUES ('number', 0);
INSERT INTO public.relay VALUES ('publish', 0);
INSERT INTO public.service_version VALUES ('0001');
SELECT pg_catalog.setval('public.interlock_answer_id_seq', 1, false);
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
SELECT pg_catalog.setval('public.report_id_seq', 1, false);
ALTER TABLE ONLY public.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (source);
ALTER TABLE ONLY public.interlock_answer
    ADD CONSTRAINT interlock_answer_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.job_order
    ADD CONSTRAINT job_order_pkey PRIMARY KEY (job_order_id);
ALTER TABLE ONLY public.kernel_version
    ADD CONSTRAINT kernel_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.lot_hold
    ADD CONSTRAINT lot_hold_pkey PRIMARY KEY (lot_id, source, gate);
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
ALTER TABLE ONLY public.report
    ADD CONSTRAINT report_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.report
    ADD CONSTRAINT report_user_name_request_id_key UNIQUE (user_name, request_id);
ALTER TABLE ONLY public.service_version
    ADD CONSTRAINT service_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (event_id);
CREATE INDEX interlock_answer_lot ON public.interlock_answer USING btree (lot_id, id);
CREATE INDEX job_order_kind ON public.job_order USING btree (station_kind, state, changed_at);
CREATE INDEX lot_hold_newest ON public.lot_hold USING btree (held_at);
CREATE INDEX outbox_unnumbered ON public.outbox USING btree (id) WHERE (sequence IS NULL);
CREATE INDEX set_aside_subject ON public.set_aside USING btree (source, subject);
