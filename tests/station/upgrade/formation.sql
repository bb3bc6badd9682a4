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
CREATE TABLE public.channel_lease (
    equipment_id text NOT NULL,
    channel text NOT NULL,
    job_order_id text NOT NULL,
    lot_id text NOT NULL,
    previous_test_id integer,
    leased_at timestamp with time zone NOT NULL
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
CREATE TABLE public.grading (
    product_id text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL
);
CREATE TABLE public.job_order (
    job_order_id text NOT NULL,
    body jsonb NOT NULL,
    station_kind text NOT NULL,
    state text NOT NULL,
    reason text,
    priority integer NOT NULL,
    due_at timestamp with time zone NOT NULL,
    released_at timestamp with time zone NOT NULL,
    station_order_id text
);
CREATE TABLE public.kernel_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.lot_hold (
    lot_id text NOT NULL,
    gate text NOT NULL,
    reason text NOT NULL
);
CREATE TABLE public.master_recipe (
    recipe_id text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL
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
CREATE TABLE public.station_order (
    station_order_id text NOT NULL,
    equipment_id text NOT NULL,
    recipe_id text NOT NULL,
    recipe_version integer NOT NULL,
    parameters jsonb NOT NULL,
    materials jsonb NOT NULL,
    state text NOT NULL,
    reason text,
    planned_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    answer jsonb
);
CREATE TABLE public.test_file (
    sha256 text NOT NULL,
    name text NOT NULL,
    lot_id text,
    content bytea NOT NULL,
    parser text NOT NULL,
    may_gate boolean NOT NULL,
    warnings jsonb NOT NULL,
    figures jsonb NOT NULL,
    received_at timestamp with time zone NOT NULL
);
CREATE TABLE public.test_protocol (
    protocol_id text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL
);
CREATE TABLE public.test_run (
    job_order_id text NOT NULL,
    lot_id text NOT NULL,
    channel text NOT NULL,
    protocol_id text NOT NULL,
    protocol_version integer NOT NULL,
    step_file bytea NOT NULL,
    step_sha256 text NOT NULL,
    state text NOT NULL,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    row_count integer DEFAULT 0 NOT NULL,
    rows bytea,
    cycles jsonb DEFAULT '[]'::jsonb NOT NULL
);
INSERT INTO public.channel_lease VALUES ('pilot/formation/cycling/tester-1', '1-1-2', 'WR-NFM-01-C01-formation', 'WR-NFM-01-C01', 0, '2026-12-01 14:06:19.948299+00');
INSERT INTO public.channel_lease VALUES ('pilot/formation/cycling/tester-1', '1-1-7', 'WR-NFM-01-C07-formation', 'WR-NFM-01-C07', 0, '2026-12-01 19:15:18.85668+00');
INSERT INTO public.command VALUES ('7cb791f4e139035b27601180169c94aa7599dc644260cf7c79f31a691e19ac78', 'cd0b009ed9cc6cf6a83152c53bc22bc6fee34334e9485c93c8a67f29858391c6', '{"gradings": ["nfm-pouch-1ah", "nvp-coin"], "master_recipes": ["rest-12h", "eis-blocking-nfm-pouch", "eis-blocking-nvp-coin", "eis-cell-nfm-pouch", "eis-cell-nvp-coin"], "test_protocols": ["formation-nfm-pouch", "formation-nvp-coin", "rate-nvp-coin", "life-nvp-coin", "life-nfm-pouch", "ccd-symmetric"]}', '2026-11-28 02:25:30.522886+00');
INSERT INTO public.cursor VALUES ('execution', 547);
INSERT INTO public.cursor VALUES ('sintering', 95);
INSERT INTO public.cursor VALUES ('spray', 100);
INSERT INTO public.grading VALUES ('nfm-pouch-1ah', 1, '{"bins": [{"grade": "A", "capacity_min_ratio": 1.02, "efficiency_min_ratio": 0.995}, {"grade": "B", "capacity_min_ratio": 0.98, "efficiency_min_ratio": 0.99}], "source": "plant: 15 mg/cm² × 602 cm² × 119.7 mAh/g (paper L137) is 1.08 Ah", "version": 1, "otherwise": "C", "product_id": "nfm-pouch-1ah", "protocol_id": null, "reference_cycle": 2, "protocol_version": null, "nominal_capacity_mah": 1000.0}');
INSERT INTO public.grading VALUES ('nvp-coin', 1, '{"bins": [{"grade": "A", "capacity_min_ratio": 0.95, "efficiency_min_ratio": 0.995}, {"grade": "B", "capacity_min_ratio": 0.88, "efficiency_min_ratio": 0.99}], "source": "plant: 3.0 mg/cm² × 1.131 cm² × 109.7 mAh/g (paper L113, L155)", "version": 1, "otherwise": "C", "product_id": "nvp-coin", "protocol_id": null, "reference_cycle": 2, "protocol_version": null, "nominal_capacity_mah": 0.37}');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C10-rest', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-C10", "service": "formation", "priority": 60, "materials": [{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C10", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}], "operation": "rest", "recipe_id": "rest-12h", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-12-01T07:46:23.942347Z", "traceparent": null, "job_order_id": "WR-NFM-01-C10-rest", "station_kind": "rack", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'rack', 'ended', NULL, 60, '2026-12-31 16:00:00+00', '2026-12-01 07:46:23.942347+00', 'WR-NFM-01-C10-rest');
INSERT INTO public.job_order VALUES ('WR-NFM-01-W01-rest', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-W01", "service": "formation", "priority": 60, "materials": [{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-W01", "quantity": 1.0, "material_definition_id": "cell_symmetric"}], "operation": "rest", "recipe_id": "rest-12h", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-11-30T19:32:41.738343Z", "traceparent": null, "job_order_id": "WR-NFM-01-W01-rest", "station_kind": "rack", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'rack', 'ended', NULL, 60, '2026-12-31 16:00:00+00', '2026-11-30 19:32:41.738343+00', 'WR-NFM-01-W01-rest');
INSERT INTO public.job_order VALUES ('WR-NVP-01-W02-rest', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NVP-01-W02", "service": "formation", "priority": 50, "materials": [{"use": "processed", "unit": "count", "lot_id": "WR-NVP-01-W02", "quantity": 1.0, "material_definition_id": "cell_symmetric"}], "operation": "rest", "recipe_id": "rest-12h", "parameters": {}, "product_id": "nvp-coin", "released_at": "2026-11-30T21:37:53.766868Z", "traceparent": null, "job_order_id": "WR-NVP-01-W02-rest", "station_kind": "rack", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NVP-01"}', 'rack', 'ended', NULL, 50, '2026-12-31 16:00:00+00', '2026-11-30 21:37:53.766868+00', 'WR-NVP-01-W02-rest');
INSERT INTO public.job_order VALUES ('WR-NFM-01-C02-rest', '{"due_at": "2026-12-31T16:00:00Z", "lot_id": "WR-NFM-01-C02", "service": "formation", "priority": 60, "materials": [{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C02", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}], "operation": "rest", "recipe_id": "rest-12h", "parameters": {}, "product_id": "nfm-pouch-1ah", "released_at": "2026-11-30T23:50:29.603143Z", "traceparent": null, "job_order_id": "WR-NFM-01-C02-rest", "station_kind": "rack", "through_gates": [], "through_lot_ids": [], "work_request_id": "WR-NFM-01"}', 'rack', 'ended', NULL, 60, '2026-12-31 16:00:00+00', '2026-11-30 23:50:29.603143+00', 'WR-NFM-01-C02-rest');
INSERT INTO public.kernel_version VALUES ('0001');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-023', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-023 is 2.76594 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-049', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-049 is 2.84972 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-096', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-096 is 2.76829 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-106', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-106 is 2.84522 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-135', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-135 is 2.83814 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-208', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-208 is 2.79559 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-224', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-224 is 2.84927 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-238', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-238 is 2.84732 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-262', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-262 is 2.84492 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-272', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-272 is 2.84044 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-323', 'density', 'density_g_per_cm3 of WR-NFM-01-PEL-323 is 2.84766 g/cm³, below low 2.85 g/cm³ (specification version 1)');
INSERT INTO public.lot_hold VALUES ('WR-NFM-01-PEL-049', 'thickness', 'thickness_um of WR-NFM-01-PEL-049 is 85.21 µm, above high 85 µm (specification version 1)');
INSERT INTO public.master_recipe VALUES ('rest-12h', 1, '{"status": "released", "version": 1, "recipe_id": "rest-12h", "parameters": {"duration_s": {"low": 43200.0, "high": 86400.0, "value": 43200.0, "reason": null, "source": "paper L157: 12 h", "status": "released"}, "slot_count": {"low": 0.0, "high": 1000.0, "value": 0.0, "reason": null, "source": "plant: chosen when a slot is free", "status": "released"}, "temperature_degc": {"low": 23.0, "high": 27.0, "value": 25.0, "reason": null, "source": "paper L157: 25 ± 2 °C", "status": "released"}}, "description": "Rest 12 h at 25 °C", "product_ids": [], "station_kind": "rack"}');
INSERT INTO public.master_recipe VALUES ('eis-blocking-nfm-pouch', 1, '{"status": "released", "version": 1, "recipe_id": "eis-blocking-nfm-pouch", "parameters": {"mode": {"low": null, "high": null, "value": "blocking", "reason": null, "source": "plant", "status": "released"}, "area_cm2": {"low": null, "high": null, "value": 25.38, "reason": null, "source": "plant: Au on the whole face", "status": "released"}, "faces_count": {"low": null, "high": null, "value": 1.0, "reason": null, "source": "plant", "status": "released"}, "amplitude_mv": {"low": 5.0, "high": 20.0, "value": 10.0, "reason": null, "source": "paper L157", "status": "released"}, "frequency_max_hz": {"low": 1000.0, "high": 7000000.0, "value": 7000000.0, "reason": null, "source": "paper L157", "status": "released"}, "frequency_min_hz": {"low": 0.01, "high": 100.0, "value": 1.0, "reason": null, "source": "paper L157", "status": "released"}, "points_per_decade_count": {"low": 5.0, "high": 20.0, "value": 10.0, "reason": null, "source": "plant", "status": "released"}}, "description": "Conductivity of a sample with blocking electrodes", "product_ids": [], "station_kind": "analyser"}');
INSERT INTO public.master_recipe VALUES ('eis-blocking-nvp-coin', 1, '{"status": "released", "version": 1, "recipe_id": "eis-blocking-nvp-coin", "parameters": {"mode": {"low": null, "high": null, "value": "blocking", "reason": null, "source": "plant", "status": "released"}, "area_cm2": {"low": null, "high": null, "value": 2.011, "reason": null, "source": "plant: Au on the whole face", "status": "released"}, "faces_count": {"low": null, "high": null, "value": 1.0, "reason": null, "source": "plant", "status": "released"}, "amplitude_mv": {"low": 5.0, "high": 20.0, "value": 10.0, "reason": null, "source": "paper L157", "status": "released"}, "frequency_max_hz": {"low": 1000.0, "high": 7000000.0, "value": 7000000.0, "reason": null, "source": "paper L157", "status": "released"}, "frequency_min_hz": {"low": 0.01, "high": 100.0, "value": 1.0, "reason": null, "source": "paper L157", "status": "released"}, "points_per_decade_count": {"low": 5.0, "high": 20.0, "value": 10.0, "reason": null, "source": "plant", "status": "released"}}, "description": "Conductivity of a sample with blocking electrodes", "product_ids": [], "station_kind": "analyser"}');
INSERT INTO public.master_recipe VALUES ('eis-cell-nfm-pouch', 1, '{"status": "released", "version": 1, "recipe_id": "eis-cell-nfm-pouch", "parameters": {"mode": {"low": null, "high": null, "value": "cell", "reason": null, "source": "plant", "status": "released"}, "area_cm2": {"low": null, "high": null, "value": 602.0, "reason": null, "source": "plant: all interfaces in parallel", "status": "released"}, "faces_count": {"low": null, "high": null, "value": 2.0, "reason": null, "source": "plant", "status": "released"}, "amplitude_mv": {"low": 5.0, "high": 20.0, "value": 10.0, "reason": null, "source": "paper L157", "status": "released"}, "frequency_max_hz": {"low": 1000.0, "high": 7000000.0, "value": 7000000.0, "reason": null, "source": "paper L157", "status": "released"}, "frequency_min_hz": {"low": 0.01, "high": 100.0, "value": 1.0, "reason": null, "source": "paper L157", "status": "released"}, "points_per_decade_count": {"low": 5.0, "high": 20.0, "value": 10.0, "reason": null, "source": "plant", "status": "released"}}, "description": "Impedance of a pouch cell", "product_ids": [], "station_kind": "analyser"}');
INSERT INTO public.master_recipe VALUES ('eis-cell-nvp-coin', 1, '{"status": "released", "version": 1, "recipe_id": "eis-cell-nvp-coin", "parameters": {"mode": {"low": null, "high": null, "value": "cell", "reason": null, "source": "plant", "status": "released"}, "area_cm2": {"low": null, "high": null, "value": 1.131, "reason": null, "source": "plant: all interfaces in parallel", "status": "released"}, "faces_count": {"low": null, "high": null, "value": 2.0, "reason": null, "source": "plant", "status": "released"}, "amplitude_mv": {"low": 5.0, "high": 20.0, "value": 10.0, "reason": null, "source": "paper L157", "status": "released"}, "frequency_max_hz": {"low": 1000.0, "high": 7000000.0, "value": 7000000.0, "reason": null, "source": "paper L157", "status": "released"}, "frequency_min_hz": {"low": 0.01, "high": 100.0, "value": 1.0, "reason": null, "source": "paper L157", "status": "released"}, "points_per_decade_count": {"low": 5.0, "high": 20.0, "value": 10.0, "reason": null, "source": "plant", "status": "released"}}, "description": "Impedance of a coin cell", "product_ids": [], "station_kind": "analyser"}');
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (118, '01a21ffb-c34b-75d2-b14e-51db954859f8', 'org.halite.channel_leased.v1', 'pilot/formation/cycling/tester-1', 'halite/v1/pilot/ev/formation/p/06/equipment/channel_leased', '{"specversion":"1.0","id":"01a21ffb-c34b-75d2-b14e-51db954859f8","source":"/halite/formation","type":"org.halite.channel_leased.v1","subject":"pilot/formation/cycling/tester-1","partitionkey":"pilot/formation/cycling/tester-1","time":"2026-12-01T19:15:28.182098Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/cycling/tester-1","channel":"1-1-7","job_order_id":"WR-NFM-01-C07-formation","lot_id":"WR-NFM-01-C07"}}', '2026-11-28 02:28:42.955841+00', 118);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (1, '01a21ff8-d07a-71fb-a3d1-b4648b1696f1', 'org.halite.equipment_state_changed.v1', 'pilot/formation/rest/rack-1', 'halite/v1/pilot/ev/formation/p/01/equipment/equipment_state_changed', '{"specversion":"1.0","id":"01a21ff8-d07a-71fb-a3d1-b4648b1696f1","source":"/halite/formation","type":"org.halite.equipment_state_changed.v1","subject":"pilot/formation/rest/rack-1","partitionkey":"pilot/formation/rest/rack-1","time":"2026-11-28T10:44:38.729319Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/rest/rack-1","state":"standby","data_quality":"unknown","reason":"station does not answer","changed_at":"2026-11-28T10:43:51.587563Z","software_version":null}}', '2026-11-28 02:25:29.930405+00', 1);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (2, '01a21ff8-d140-725b-b73c-435491d56510', 'org.halite.equipment_state_changed.v1', 'pilot/formation/analysis/analyser-1', 'halite/v1/pilot/ev/formation/p/13/equipment/equipment_state_changed', '{"specversion":"1.0","id":"01a21ff8-d140-725b-b73c-435491d56510","source":"/halite/formation","type":"org.halite.equipment_state_changed.v1","subject":"pilot/formation/analysis/analyser-1","partitionkey":"pilot/formation/analysis/analyser-1","time":"2026-11-28T10:49:35.494318Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/analysis/analyser-1","state":"standby","data_quality":"unknown","reason":"station does not answer","changed_at":"2026-11-28T10:44:14.578821Z","software_version":null}}', '2026-11-28 02:25:29.939978+00', 2);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (3, '01a21ff8-d200-713c-a2fb-36bc917e6dd7', 'org.halite.equipment_state_changed.v1', 'pilot/formation/cycling/tester-1', 'halite/v1/pilot/ev/formation/p/06/equipment/equipment_state_changed', '{"specversion":"1.0","id":"01a21ff8-d200-713c-a2fb-36bc917e6dd7","source":"/halite/formation","type":"org.halite.equipment_state_changed.v1","subject":"pilot/formation/cycling/tester-1","partitionkey":"pilot/formation/cycling/tester-1","time":"2026-11-28T10:54:23.691969Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/cycling/tester-1","state":"standby","data_quality":"good","reason":null,"changed_at":"2026-11-28T10:54:23.431242Z","software_version":null}}', '2026-11-28 02:25:30.130389+00', 3);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (141, '01a21ffb-e0d2-78c2-b077-3d21c9b66d6b', 'org.halite.channel_leased.v1', 'pilot/formation/cycling/tester-1', 'halite/v1/pilot/ev/formation/p/06/equipment/channel_leased', '{"specversion":"1.0","id":"01a21ffb-e0d2-78c2-b077-3d21c9b66d6b","source":"/halite/formation","type":"org.halite.channel_leased.v1","subject":"pilot/formation/cycling/tester-1","partitionkey":"pilot/formation/cycling/tester-1","time":"2026-12-01T22:24:26.256255Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/cycling/tester-1","channel":"1-2-2","job_order_id":"WR-NFM-01-C10-formation","lot_id":"WR-NFM-01-C10"}}', '2026-11-28 02:28:50.514777+00', 141);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (4, '01a21ff8-d310-70ea-b759-57bb3e20cfef', 'org.halite.equipment_state_changed.v1', 'pilot/formation/rest/rack-1', 'halite/v1/pilot/ev/formation/p/01/equipment/equipment_state_changed', '{"specversion":"1.0","id":"01a21ff8-d310-70ea-b759-57bb3e20cfef","source":"/halite/formation","type":"org.halite.equipment_state_changed.v1","subject":"pilot/formation/rest/rack-1","partitionkey":"pilot/formation/rest/rack-1","time":"2026-11-28T11:01:12.117123Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/rest/rack-1","state":"standby","data_quality":"good","reason":null,"changed_at":"2026-11-28T11:01:11.854399Z","software_version":"0.1.0"}}', '2026-11-28 02:25:30.385301+00', 4);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (5, '01a21ff8-d312-79bc-b464-6b337025bf4c', 'org.halite.equipment_state_changed.v1', 'pilot/formation/analysis/analyser-1', 'halite/v1/pilot/ev/formation/p/13/equipment/equipment_state_changed', '{"specversion":"1.0","id":"01a21ff8-d312-79bc-b464-6b337025bf4c","source":"/halite/formation","type":"org.halite.equipment_state_changed.v1","subject":"pilot/formation/analysis/analyser-1","partitionkey":"pilot/formation/analysis/analyser-1","time":"2026-11-28T11:01:15.197850Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/analysis/analyser-1","state":"standby","data_quality":"good","reason":null,"changed_at":"2026-11-28T11:01:15.049686Z","software_version":"0.1.0"}}', '2026-11-28 02:25:30.39416+00', 5);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (6, '01a21ffa-da4d-73bc-a29d-502610958451', 'org.halite.job_order_started.v1', 'WR-NFM-01-S01-conductivity', 'halite/v1/pilot/ev/formation/p/00/job_order/job_order_started', '{"specversion":"1.0","id":"01a21ffa-da4d-73bc-a29d-502610958451","source":"/halite/formation","type":"org.halite.job_order_started.v1","subject":"WR-NFM-01-S01-conductivity","partitionkey":"WR-NFM-01-PEL-001","time":"2026-11-30T18:24:19.997818Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"job_order_id":"WR-NFM-01-S01-conductivity","lot_id":"WR-NFM-01-PEL-001","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","operation":"conductivity","equipment_id":"pilot/formation/analysis/analyser-1","recipe_id":"eis-blocking-nfm-pouch","recipe_version":1,"started_at":"2026-11-30T18:24:07.300497Z","lot_ids":["WR-NFM-01-PEL-001"]}}', '2026-11-28 02:27:43.31445+00', 6);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (11, '01a21ffa-e59b-7100-8bfa-6a47d152f076', 'org.halite.job_order_started.v1', 'WR-NFM-01-W02-rest', 'halite/v1/pilot/ev/formation/p/09/job_order/job_order_started', '{"specversion":"1.0","id":"01a21ffa-e59b-7100-8bfa-6a47d152f076","source":"/halite/formation","type":"org.halite.job_order_started.v1","subject":"WR-NFM-01-W02-rest","partitionkey":"WR-NFM-01-W02","time":"2026-11-30T19:36:40.204239Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"job_order_id":"WR-NFM-01-W02-rest","lot_id":"WR-NFM-01-W02","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","operation":"rest","equipment_id":"pilot/formation/rest/rack-1","recipe_id":"rest-12h","recipe_version":1,"started_at":"2026-11-30T19:36:29.051150Z","lot_ids":["WR-NFM-01-W02"]}}', '2026-11-28 02:27:46.203777+00', 11);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (12, '01a21ffa-e5ee-78fd-9222-c5dc410eade5', 'org.halite.equipment_state_changed.v1', 'pilot/formation/rest/rack-1', 'halite/v1/pilot/ev/formation/p/01/equipment/equipment_state_changed', '{"specversion":"1.0","id":"01a21ffa-e5ee-78fd-9222-c5dc410eade5","source":"/halite/formation","type":"org.halite.equipment_state_changed.v1","subject":"pilot/formation/rest/rack-1","partitionkey":"pilot/formation/rest/rack-1","time":"2026-11-30T19:38:44.491441Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/rest/rack-1","state":"productive","data_quality":"good","reason":null,"changed_at":"2026-11-30T19:38:44.360823Z","software_version":"0.1.0"}}', '2026-11-28 02:27:46.292846+00', 12);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (8, '01a21ffa-daaf-7e5d-8c31-80e86171a87f', 'org.halite.job_order_ended.v1', 'WR-NFM-01-S01-conductivity', 'halite/v1/pilot/ev/formation/p/00/job_order/job_order_ended', '{"specversion":"1.0","id":"01a21ffa-daaf-7e5d-8c31-80e86171a87f","source":"/halite/formation","type":"org.halite.job_order_ended.v1","subject":"WR-NFM-01-S01-conductivity","partitionkey":"WR-NFM-01-PEL-001","time":"2026-11-30T18:26:46.468875Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"job_order_id":"WR-NFM-01-S01-conductivity","lot_id":"WR-NFM-01-PEL-001","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","operation":"conductivity","state":"ended","equipment_id":"pilot/formation/analysis/analyser-1","recipe_id":"eis-blocking-nfm-pouch","recipe_version":1,"started_at":"2026-11-30T18:24:05.456091Z","ended_at":"2026-11-30T18:24:46.228868Z","materials":[{"lot_id":"WR-NFM-01-PEL-001","material_definition_id":"ose_pellet","quantity":1.0,"unit":"count","use":"processed"}],"results":[{"lot_id":"WR-NFM-01-PEL-001","characteristic":"ocv_v","value":-0.00001,"unit":"V","reason":null},{"lot_id":"WR-NFM-01-PEL-001","characteristic":"temperature_degc","value":25.073,"unit":"°C","reason":null}],"fixture_id":"analyser-1-fixture-blocking","reason":null,"operator":null,"persons":[],"places":[]}}', '2026-11-28 02:27:43.408197+00', 8);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (9, '01a21ffa-dae6-7c3a-8dbd-418344d8bbdf', 'org.halite.equipment_state_changed.v1', 'pilot/formation/analysis/analyser-1', 'halite/v1/pilot/ev/formation/p/13/equipment/equipment_state_changed', '{"specversion":"1.0","id":"01a21ffa-dae6-7c3a-8dbd-418344d8bbdf","source":"/halite/formation","type":"org.halite.equipment_state_changed.v1","subject":"pilot/formation/analysis/analyser-1","partitionkey":"pilot/formation/analysis/analyser-1","time":"2026-11-30T18:28:09.208879Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"equipment_id":"pilot/formation/analysis/analyser-1","state":"productive","data_quality":"good","reason":null,"changed_at":"2026-11-30T18:28:09.011442Z","software_version":"0.1.0"}}', '2026-11-28 02:27:43.467122+00', 9);
INSERT INTO public.relay VALUES ('number', 229);
INSERT INTO public.relay VALUES ('publish', 229);
INSERT INTO public.service_version VALUES ('0001');
INSERT INTO public.station_order VALUES ('WR-NFM-01-C07-formation', 'pilot/formation/cycling/tester-1', 'formation-nfm-pouch', 2, '{"channel": "1-1-7", "step_sha256": "3f5185141367011c8fb71550f63ce326b9247e14befce8acca19c81a3eaeddee"}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C07", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}]', 'running', NULL, '2026-12-01 19:15:01.986901+00', '2026-12-01 20:01:11.699643+00', NULL, NULL);
INSERT INTO public.station_order VALUES ('WR-NFM-01-C10-rest', 'pilot/formation/rest/rack-1', 'rest-12h', 1, '{"duration_s": 43200.0, "slot_count": 2.0, "temperature_degc": 25.0}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C10", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}]', 'ended', NULL, '2026-12-01 07:56:56.901603+00', '2026-12-01 08:01:21.419856+00', '2026-12-01 20:01:21.419856+00', '{"data": {"duration_s": 43200.0, "temperature_max_degc": 25.48, "temperature_min_degc": 24.5}, "state": "ended", "ended_at": "2026-12-01T20:01:21.419856+00:00", "started_at": "2026-12-01T08:01:21.419856+00:00", "job_order_id": "WR-NFM-01-C10-rest"}');
INSERT INTO public.station_order VALUES ('WR-NFM-01-W02-ccd', 'pilot/formation/cycling/tester-1', 'ccd-symmetric', 2, '{"channel": "1-18-1", "step_sha256": "34d553e78822ce912fb5ddbab7909216eb184fba8c248e6d3d699ebc0db184ca"}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-W02", "quantity": 1.0, "material_definition_id": "cell_symmetric"}]', 'ended', NULL, '2026-12-01 08:22:53.275401+00', '2026-12-01 08:54:35+00', '2026-12-01 21:34:35+00', NULL);
INSERT INTO public.station_order VALUES ('WR-NFM-01-W01-ccd', 'pilot/formation/cycling/tester-1', 'ccd-symmetric', 2, '{"channel": "1-18-2", "step_sha256": "34d553e78822ce912fb5ddbab7909216eb184fba8c248e6d3d699ebc0db184ca"}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-W01", "quantity": 1.0, "material_definition_id": "cell_symmetric"}]', 'ended', NULL, '2026-12-01 08:25:45.893703+00', '2026-12-01 08:59:19+00', '2026-12-01 21:39:19+00', NULL);
INSERT INTO public.station_order VALUES ('WR-NFM-01-C02-formation', 'pilot/formation/cycling/tester-1', 'formation-nfm-pouch', 2, '{"channel": "1-1-1", "step_sha256": "3f5185141367011c8fb71550f63ce326b9247e14befce8acca19c81a3eaeddee"}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C02", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}]', 'ended', NULL, '2026-12-01 13:36:41.868556+00', '2026-12-01 14:03:20.309+00', '2026-12-03 11:28:53+00', NULL);
INSERT INTO public.station_order VALUES ('WR-NFM-01-W02-rest', 'pilot/formation/rest/rack-1', 'rest-12h', 1, '{"duration_s": 43200.0, "slot_count": 1.0, "temperature_degc": 25.0}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-W02", "quantity": 1.0, "material_definition_id": "cell_symmetric"}]', 'ended', NULL, '2026-11-30 19:33:35.997163+00', '2026-11-30 19:36:35.183443+00', '2026-12-01 07:36:35.183443+00', '{"data": {"duration_s": 43200.0, "temperature_max_degc": 25.49, "temperature_min_degc": 24.53}, "state": "ended", "ended_at": "2026-12-01T07:36:35.183443+00:00", "started_at": "2026-11-30T19:36:35.183443+00:00", "job_order_id": "WR-NFM-01-W02-rest"}');
INSERT INTO public.station_order VALUES ('WR-NFM-01-W01-rest', 'pilot/formation/rest/rack-1', 'rest-12h', 1, '{"duration_s": 43200.0, "slot_count": 2.0, "temperature_degc": 25.0}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-W01", "quantity": 1.0, "material_definition_id": "cell_symmetric"}]', 'ended', NULL, '2026-11-30 19:38:16.31521+00', '2026-11-30 19:40:03.515869+00', '2026-12-01 07:40:03.515869+00', '{"data": {"duration_s": 43200.0, "temperature_max_degc": 25.5, "temperature_min_degc": 24.54}, "state": "ended", "ended_at": "2026-12-01T07:40:03.515869+00:00", "started_at": "2026-11-30T19:40:03.515869+00:00", "job_order_id": "WR-NFM-01-W01-rest"}');
INSERT INTO public.station_order VALUES ('WR-NFM-01-C02-rest', 'pilot/formation/rest/rack-1', 'rest-12h', 1, '{"duration_s": 43200.0, "slot_count": 5.0, "temperature_degc": 25.0}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C02", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}]', 'ended', NULL, '2026-11-30 23:53:58.246042+00', '2026-11-30 23:57:36.008515+00', '2026-12-01 11:57:36.008515+00', '{"data": {"duration_s": 43200.0, "temperature_max_degc": 25.5, "temperature_min_degc": 24.51}, "state": "ended", "ended_at": "2026-12-01T11:57:36.008515+00:00", "started_at": "2026-11-30T23:57:36.008515+00:00", "job_order_id": "WR-NFM-01-C02-rest"}');
INSERT INTO public.station_order VALUES ('WR-NFM-01-C01-formation', 'pilot/formation/cycling/tester-1', 'formation-nfm-pouch', 2, '{"channel": "1-1-2", "step_sha256": "3f5185141367011c8fb71550f63ce326b9247e14befce8acca19c81a3eaeddee"}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C01", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}]', 'running', NULL, '2026-12-01 14:06:04.670689+00', '2026-12-01 14:48:47.348179+00', NULL, NULL);
INSERT INTO public.station_order VALUES ('WR-NFM-01-C05-rest', 'pilot/formation/rest/rack-1', 'rest-12h', 1, '{"duration_s": 43200.0, "slot_count": 9.0, "temperature_degc": 25.0}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C05", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}]', 'ended', NULL, '2026-12-01 04:01:26.712058+00', '2026-12-01 04:05:36.731742+00', '2026-12-01 16:05:36.731742+00', '{"data": {"duration_s": 43200.0, "temperature_max_degc": 25.49, "temperature_min_degc": 24.51}, "state": "ended", "ended_at": "2026-12-01T16:05:36.731742+00:00", "started_at": "2026-12-01T04:05:36.731742+00:00", "job_order_id": "WR-NFM-01-C05-rest"}');
INSERT INTO public.station_order VALUES ('WR-NFM-01-C07-rest', 'pilot/formation/rest/rack-1', 'rest-12h', 1, '{"duration_s": 43200.0, "slot_count": 11.0, "temperature_degc": 25.0}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NFM-01-C07", "quantity": 1.0, "material_definition_id": "cell_nfm_pouch"}]', 'ended', NULL, '2026-12-01 06:09:24.691795+00', '2026-12-01 06:10:40.028664+00', '2026-12-01 18:10:40.028664+00', '{"data": {"duration_s": 43200.0, "temperature_max_degc": 25.48, "temperature_min_degc": 24.51}, "state": "ended", "ended_at": "2026-12-01T18:10:40.028664+00:00", "started_at": "2026-12-01T06:10:40.028664+00:00", "job_order_id": "WR-NFM-01-C07-rest"}');
INSERT INTO public.station_order VALUES ('WR-NVP-01-W02-rest', 'pilot/formation/rest/rack-1', 'rest-12h', 1, '{"duration_s": 43200.0, "slot_count": 3.0, "temperature_degc": 25.0}', '[{"use": "processed", "unit": "count", "lot_id": "WR-NVP-01-W02", "quantity": 1.0, "material_definition_id": "cell_symmetric"}]', 'ended', NULL, '2026-11-30 21:41:37.232007+00', '2026-11-30 21:42:58.722802+00', '2026-12-01 09:42:58.722802+00', '{"data": {"duration_s": 43200.0, "temperature_max_degc": 25.49, "temperature_min_degc": 24.51}, "state": "ended", "ended_at": "2026-12-01T09:42:58.722802+00:00", "started_at": "2026-11-30T21:42:58.722802+00:00", "job_order_id": "WR-NVP-01-W02-rest"}');
INSERT INTO public.test_protocol VALUES ('formation-nfm-pouch', 2, '{"kind": "formation", "steps": [{"kind": "rest", "duration_s": 600.0}, {"kind": "current", "until_s": 54000.0, "until_v": 4.0, "c_rate_per_h": 0.1, "density_ma_per_cm2": null}, {"kind": "rest", "duration_s": 600.0}, {"kind": "current", "until_s": 54000.0, "until_v": 2.0, "c_rate_per_h": -0.1, "density_ma_per_cm2": null}, {"kind": "rest", "duration_s": 600.0}, {"kind": "loop", "first_step": 2, "cycle_count": 2}], "title": "Two cycles at 0.1 C between 2.0 and 4.0 V", "limits": {"delay_s": 1.0, "lowest_v": 1.9, "highest_v": 4.1, "short_floor_v": null, "highest_drop_ratio": null, "highest_fall_v_per_s": null, "highest_capacity_ratio": 1.3, "highest_temperature_degc": null}, "status": "released", "version": 2, "protocol_id": "formation-nfm-pouch", "record_voltage_v": null, "record_interval_s": 60.0, "chamber_tolerance_degc": 2.0, "chamber_temperature_degc": 25.0}');
INSERT INTO public.test_protocol VALUES ('formation-nvp-coin', 2, '{"kind": "formation", "steps": [{"kind": "rest", "duration_s": 600.0}, {"kind": "current", "until_s": 54000.0, "until_v": 4.0, "c_rate_per_h": 0.1, "density_ma_per_cm2": null}, {"kind": "rest", "duration_s": 600.0}, {"kind": "current", "until_s": 54000.0, "until_v": 2.0, "c_rate_per_h": -0.1, "density_ma_per_cm2": null}, {"kind": "rest", "duration_s": 600.0}, {"kind": "loop", "first_step": 2, "cycle_count": 2}], "title": "Two cycles at 0.1 C between 2.0 and 4.0 V", "limits": {"delay_s": 1.0, "lowest_v": 1.9, "highest_v": 4.1, "short_floor_v": null, "highest_drop_ratio": null, "highest_fall_v_per_s": null, "highest_capacity_ratio": 1.3, "highest_temperature_degc": null}, "status": "released", "version": 2, "protocol_id": "formation-nvp-coin", "record_voltage_v": null, "record_interval_s": 60.0, "chamber_tolerance_degc": 2.0, "chamber_temperature_degc": 25.0}');
INSERT INTO public.test_protocol VALUES ('life-nvp-coin', 1, '{"kind": "life", "steps": [{"kind": "rest", "duration_s": 600.0}, {"kind": "current", "until_s": 5400.0, "until_v": 4.0, "c_rate_per_h": 1.0, "density_ma_per_cm2": null}, {"kind": "current", "until_s": 5400.0, "until_v": 2.0, "c_rate_per_h": -1.0, "density_ma_per_cm2": null}, {"kind": "loop", "first_step": 2, "cycle_count": 1000}], "title": "A thousand cycles at 1 C between 2.0 and 4.0 V (paper L113)", "limits": {"delay_s": 1.0, "lowest_v": 1.9, "highest_v": 4.1, "short_floor_v": null, "highest_drop_ratio": null, "highest_fall_v_per_s": null, "highest_capacity_ratio": 1.3, "highest_temperature_degc": null}, "status": "released", "version": 1, "protocol_id": "life-nvp-coin", "record_voltage_v": null, "record_interval_s": 30.0, "chamber_tolerance_degc": 2.0, "chamber_temperature_degc": 25.0}');
INSERT INTO public.test_protocol VALUES ('life-nfm-pouch', 1, '{"kind": "life", "steps": [{"kind": "rest", "duration_s": 600.0}, {"kind": "current", "until_s": 54000.0, "until_v": 4.0, "c_rate_per_h": 0.1, "density_ma_per_cm2": null}, {"kind": "rest", "duration_s": 600.0}, {"kind": "current", "until_s": 54000.0, "until_v": 2.0, "c_rate_per_h": -0.1, "density_ma_per_cm2": null}, {"kind": "rest", "duration_s": 600.0}, {"kind": "loop", "first_step": 2, "cycle_count": 100}], "title": "A hundred cycles at 0.1 C between 2.0 and 4.0 V (paper L124)", "limits": {"delay_s": 1.0, "lowest_v": 1.9, "highest_v": 4.1, "short_floor_v": null, "highest_drop_ratio": null, "highest_fall_v_per_s": null, "highest_capacity_ratio": 1.3, "highest_temperature_degc": null}, "status": "released", "version": 1, "protocol_id": "life-nfm-pouch", "record_voltage_v": null, "record_interval_s": 60.0, "chamber_tolerance_degc": 2.0, "chamber_temperature_degc": 25.0}');
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
ALTER TABLE ONLY public.channel_lease
    ADD CONSTRAINT channel_lease_job_order_id_key UNIQUE (job_order_id);
ALTER TABLE ONLY public.channel_lease
    ADD CONSTRAINT channel_lease_pkey PRIMARY KEY (equipment_id, channel);
ALTER TABLE ONLY public.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (source);
ALTER TABLE ONLY public.grading
    ADD CONSTRAINT grading_pkey PRIMARY KEY (product_id, version);
ALTER TABLE ONLY public.job_order
    ADD CONSTRAINT job_order_pkey PRIMARY KEY (job_order_id);
ALTER TABLE ONLY public.kernel_version
    ADD CONSTRAINT kernel_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.lot_hold
    ADD CONSTRAINT lot_hold_pkey PRIMARY KEY (lot_id, gate);
ALTER TABLE ONLY public.master_recipe
    ADD CONSTRAINT master_recipe_pkey PRIMARY KEY (recipe_id, version);
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
ALTER TABLE ONLY public.station_order
    ADD CONSTRAINT station_order_pkey PRIMARY KEY (station_order_id);
ALTER TABLE ONLY public.test_file
    ADD CONSTRAINT test_file_pkey PRIMARY KEY (sha256);
ALTER TABLE ONLY public.test_protocol
    ADD CONSTRAINT test_protocol_pkey PRIMARY KEY (protocol_id, version);
ALTER TABLE ONLY public.test_run
    ADD CONSTRAINT test_run_pkey PRIMARY KEY (job_order_id);
CREATE INDEX job_order_lots ON public.job_order USING gin (((body -> 'materials'::text)) jsonb_path_ops);
CREATE INDEX job_order_waiting ON public.job_order USING btree (station_kind, state);
CREATE INDEX outbox_unnumbered ON public.outbox USING btree (id) WHERE (sequence IS NULL);
CREATE INDEX set_aside_subject ON public.set_aside USING btree (source, subject);
CREATE INDEX station_order_open ON public.station_order USING btree (equipment_id, state);
CREATE INDEX test_file_lot ON public.test_file USING btree (lot_id);
CREATE INDEX test_run_lot ON public.test_run USING btree (lot_id);
ALTER TABLE ONLY public.channel_lease
    ADD CONSTRAINT channel_lease_job_order_id_fkey FOREIGN KEY (job_order_id) REFERENCES public.station_order(station_order_id);
ALTER TABLE ONLY public.job_order
    ADD CONSTRAINT job_order_station_order_id_fkey FOREIGN KEY (station_order_id) REFERENCES public.station_order(station_order_id);
