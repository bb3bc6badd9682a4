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
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        RAISE EXCEPTION 'table % is a record and is never changed', TG_TABLE_NAME;
    END $$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.command (
    key text NOT NULL,
    fingerprint text NOT NULL,
    answer jsonb,
    given_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
CREATE TABLE public.component (
    lot_id text NOT NULL,
    part_lot_id text NOT NULL
);
CREATE TABLE public.cursor (
    source text NOT NULL,
    sequence bigint NOT NULL
);
CREATE TABLE public.dew_point (
    equipment_id text NOT NULL,
    signal text NOT NULL,
    source_at timestamp with time zone NOT NULL,
    dew_point_degc double precision
);
CREATE TABLE public.disposition (
    id bigint NOT NULL,
    job_order_id text NOT NULL,
    lot_id text NOT NULL,
    gate text NOT NULL,
    disposition text NOT NULL,
    body jsonb NOT NULL,
    evaluated_at timestamp with time zone NOT NULL
);
ALTER TABLE public.disposition ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.disposition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.evidence (
    sha256 text NOT NULL,
    content bytea NOT NULL,
    stored_at timestamp with time zone NOT NULL
);
CREATE TABLE public.exposure (
    id bigint NOT NULL,
    lot_id text NOT NULL,
    open_state text NOT NULL,
    version integer NOT NULL,
    job_order_id text NOT NULL,
    from_at timestamp with time zone,
    to_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    minutes double precision,
    budget_minutes double precision NOT NULL,
    dose_ppm_h double precision,
    budget_dose_ppm_h double precision NOT NULL,
    reason text NOT NULL,
    evaluated_at timestamp with time zone NOT NULL
);
CREATE TABLE public.exposure_budget (
    state text NOT NULL,
    product_id text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL
);
ALTER TABLE public.exposure ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.exposure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.kernel_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.measurement (
    id bigint NOT NULL,
    job_order_id text NOT NULL,
    lot_id text NOT NULL,
    characteristic text NOT NULL,
    value double precision,
    words text,
    unit text NOT NULL,
    reason text,
    measured_at timestamp with time zone NOT NULL
);
ALTER TABLE public.measurement ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.measurement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.member (
    lot_id text NOT NULL,
    pellet_lot_id text NOT NULL
);
CREATE TABLE public.nonconformance (
    nonconformance_id text NOT NULL,
    gate text NOT NULL,
    job_order_id text NOT NULL,
    lot_id text NOT NULL,
    lot_ids text[] NOT NULL,
    equipment_id text,
    description text NOT NULL,
    raised_at timestamp with time zone NOT NULL
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
CREATE TABLE public.passage (
    lot_id text NOT NULL,
    operation text NOT NULL,
    job_order_id text NOT NULL,
    work_request_id text NOT NULL,
    product_id text NOT NULL,
    equipment_id text,
    parts text[] NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    correlation_id text,
    causation_id text,
    decided boolean DEFAULT false NOT NULL,
    waits text
);
CREATE TABLE public.pending_evaluation (
    evaluation_id text NOT NULL,
    kind text NOT NULL,
    job_order_id text NOT NULL,
    body jsonb NOT NULL,
    kept_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT pending_evaluation_kind_check CHECK ((kind = ANY (ARRAY['spectrum_measured'::text, 'cycling_ended'::text])))
);
CREATE TABLE public.pending_exposure (
    lot_id text NOT NULL,
    product_id text NOT NULL,
    state text NOT NULL,
    version integer NOT NULL,
    give_up_at timestamp with time zone NOT NULL
);
CREATE TABLE public.relay (
    duty text NOT NULL,
    sequence bigint DEFAULT 0 NOT NULL,
    CONSTRAINT relay_duty_check CHECK ((duty = ANY (ARRAY['number'::text, 'publish'::text])))
);
CREATE TABLE public.result (
    id bigint NOT NULL,
    job_order_id text NOT NULL,
    lot_id text NOT NULL,
    gate text NOT NULL,
    characteristic text NOT NULL,
    value double precision,
    words text,
    unit text NOT NULL,
    low double precision,
    high double precision,
    disposition text,
    reason text NOT NULL,
    specification_version integer NOT NULL,
    evaluated_at timestamp with time zone NOT NULL
);
ALTER TABLE public.result ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.result_id_seq
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
CREATE TABLE public.spectrum (
    spectrum_id text NOT NULL,
    lot_id text NOT NULL,
    job_order_id text,
    name text NOT NULL,
    sha256 text,
    mode text NOT NULL,
    frequency_hz double precision[] NOT NULL,
    z_real_ohm double precision[] NOT NULL,
    z_imag_ohm double precision[] NOT NULL,
    temperature_degc double precision,
    fixture_id text,
    measured_at timestamp with time zone NOT NULL,
    figures jsonb,
    parser_version text,
    model_version text
);
CREATE TABLE public.test_specification (
    gate text NOT NULL,
    product_id text NOT NULL,
    operation text NOT NULL,
    version integer NOT NULL,
    body jsonb NOT NULL
);
CREATE TABLE public.verdict (
    gate text NOT NULL,
    pellet_lot_id text NOT NULL,
    lot_id text NOT NULL,
    body jsonb NOT NULL
);
CREATE TABLE public.work_request (
    work_request_id text NOT NULL,
    witness_quantity integer NOT NULL
);
INSERT INTO public.command VALUES ('ae0fea3a04ee56cff53016b2c38437be902b760a49b895cca80f5acb557e9874', 'f802dcaab6996cb0b9aa39ec24e3ab5497cebaa570efd61e73fd47d93c9f5694', '{"rework_routes": ["reseal-nfm-pouch 1", "reseal-nvp-coin 1"], "control_charts": ["nfm-thickness 1", "nvp-thickness 1", "nfm-film 1", "nfm-alignment 1", "nfm-interface 1", "nfm-capacity 1", "nfm-efficiency 1"], "signature_rules": [], "exposure_budgets": ["bare_sodium nfm-pouch-1ah 1", "bare_sodium nvp-coin 1", "bare_sodium na_foil 1", "bare_sodium na_disc 1"], "test_specifications": ["heat_calcine nfm-pouch-1ah 1", "heat_debind nfm-pouch-1ah 1", "heat_sinter nfm-pouch-1ah 1", "debind_places nfm-pouch-1ah 1", "sinter_places nfm-pouch-1ah 1", "thickness nfm-pouch-1ah 1", "conductivity nfm-pouch-1ah 1", "spray nfm-pouch-1ah 1", "stack nfm-pouch-1ah 2", "seal nfm-pouch-1ah 2", "rest nfm-pouch-1ah 1", "impedance nfm-pouch-1ah 1", "capacity nfm-pouch-1ah 1", "witness_ccd nfm-pouch-1ah 1", "density nfm-pouch-1ah 1", "roughness nfm-pouch-1ah 1", "np_ratio nfm-pouch-1ah 1", "cure nfm-pouch-1ah 1", "residual_liquid nfm-pouch-1ah 1", "data_quality nfm-pouch-1ah 1", "retention nfm-pouch-1ah 1", "heat_calcine nvp-coin 1", "heat_debind nvp-coin 1", "heat_sinter nvp-coin 1", "debind_places nvp-coin 1", "sinter_places nvp-coin 1", "thickness nvp-coin 1", "conductivity nvp-coin 1", "spray nvp-coin 1", "stack nvp-coin 2", "seal nvp-coin 2", "rest nvp-coin 1", "impedance nvp-coin 1", "capacity nvp-coin 1", "witness_ccd nvp-coin 1", "density nvp-coin 1", "roughness nvp-coin 1", "cure nvp-coin 1", "residual_liquid nvp-coin 1", "data_quality nvp-coin 1", "retention nvp-coin 1"]}', '2026-11-28 02:25:30.500145+00');
INSERT INTO public.component VALUES ('WR-NFM-01-W02', 'WR-NFM-01-PEL-003');
INSERT INTO public.component VALUES ('WR-NFM-01-W01', 'WR-NFM-01-PEL-002');
INSERT INTO public.component VALUES ('WR-NVP-01-W02', 'WR-NVP-01-PEL-003');
INSERT INTO public.component VALUES ('WR-NVP-01-W01', 'WR-NVP-01-PEL-002');
INSERT INTO public.component VALUES ('WR-NFM-01-C02', 'WR-NFM-01-PEL-033');
INSERT INTO public.component VALUES ('WR-NFM-01-C02', 'WR-NFM-01-PEL-034');
INSERT INTO public.component VALUES ('WR-NFM-01-C02', 'WR-NFM-01-PEL-035');
INSERT INTO public.component VALUES ('WR-NFM-01-C02', 'WR-NFM-01-PEL-036');
INSERT INTO public.component VALUES ('WR-NFM-01-C02', 'WR-NFM-01-PEL-037');
INSERT INTO public.component VALUES ('WR-NFM-01-C02', 'WR-NFM-01-PEL-038');
INSERT INTO public.component VALUES ('WR-NFM-01-C02', 'WR-NFM-01-PEL-039');
INSERT INTO public.component VALUES ('WR-NFM-01-C02', 'WR-NFM-01-PEL-040');
INSERT INTO public.cursor VALUES ('formation', 232);
INSERT INTO public.cursor VALUES ('execution', 550);
INSERT INTO public.cursor VALUES ('lamination', 196);
INSERT INTO public.cursor VALUES ('sintering', 95);
INSERT INTO public.cursor VALUES ('spray', 100);
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (1, 'WR-NFM-01-PWD-calcine', 'WR-NFM-01-PWD', 'heat_calcine', 'released', '{"low": null, "gate": "heat_calcine", "high": 0.0, "unit": "1", "parts": [], "value": 0.0, "lot_id": "WR-NFM-01-PWD", "reason": "profile_deviation_count of WR-NFM-01-PWD is 0 1, at most 0 1 (specification version 1)", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-29T10:21:39.449305Z", "characteristic": "profile_deviation_count", "work_request_id": "WR-NFM-01", "specification_version": 1}', '2026-11-29 10:21:39.449305+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (2, 'WR-NVP-01-PWD-calcine', 'WR-NVP-01-PWD', 'heat_calcine', 'released', '{"low": null, "gate": "heat_calcine", "high": 0.0, "unit": "1", "parts": [], "value": 0.0, "lot_id": "WR-NVP-01-PWD", "reason": "profile_deviation_count of WR-NVP-01-PWD is 0 1, at most 0 1 (specification version 1)", "product_id": "nvp-coin", "disposition": "released", "evaluated_at": "2026-11-29T14:23:39.468037Z", "characteristic": "profile_deviation_count", "work_request_id": "WR-NVP-01", "specification_version": 1}', '2026-11-29 14:23:39.468037+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (4, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL', 'heat_debind', 'released', '{"low": null, "gate": "heat_debind", "high": 0.0, "unit": "1", "parts": [], "value": 0.0, "lot_id": "WR-NFM-01-PEL", "reason": "profile_deviation_count of WR-NFM-01-PEL is 0 1, at most 0 1 (specification version 1)", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-29T20:21:49.159423Z", "characteristic": "profile_deviation_count", "work_request_id": "WR-NFM-01", "specification_version": 1}', '2026-11-29 20:21:49.159423+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (6, 'WR-NVP-01-PEL-debind', 'WR-NVP-01-PEL', 'heat_debind', 'released', '{"low": null, "gate": "heat_debind", "high": 0.0, "unit": "1", "parts": [], "value": 0.0, "lot_id": "WR-NVP-01-PEL", "reason": "profile_deviation_count of WR-NVP-01-PEL is 0 1, at most 0 1 (specification version 1)", "product_id": "nvp-coin", "disposition": "released", "evaluated_at": "2026-11-29T23:23:58.084441Z", "characteristic": "profile_deviation_count", "work_request_id": "WR-NVP-01", "specification_version": 1}', '2026-11-29 23:23:58.084441+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (7, 'WR-NFM-01-PEL-sinter', 'WR-NFM-01-PEL', 'heat_sinter', 'released', '{"low": null, "gate": "heat_sinter", "high": 0.0, "unit": "1", "parts": [], "value": 0.0, "lot_id": "WR-NFM-01-PEL", "reason": "profile_deviation_count of WR-NFM-01-PEL is 0 1, at most 0 1 (specification version 1)", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-30T16:33:25.240317Z", "characteristic": "profile_deviation_count", "work_request_id": "WR-NFM-01", "specification_version": 1}', '2026-11-30 16:33:25.240317+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (11, 'WR-NFM-01-W02-spray', 'WR-NFM-01-W02', 'spray', 'released', '{"low": null, "gate": "spray", "high": 25.0, "unit": "°", "parts": [{"value": 10.44, "lot_id": "WR-NFM-01-PEL-003", "reason": "contact_angle_deg of WR-NFM-01-PEL-003 is 10.44 °, at most 25 ° (specification version 1); film_um of WR-NFM-01-PEL-003 is 13.352 µm, at least 0.8 µm (specification version 1)", "disposition": "released"}], "value": null, "lot_id": "WR-NFM-01-W02", "reason": "1 of 1 parts released", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-30T18:41:43.998361Z", "characteristic": "contact_angle_deg", "work_request_id": "WR-NFM-01", "specification_version": 1}', '2026-11-30 18:41:43.998361+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (12, 'WR-NFM-01-W01-spray', 'WR-NFM-01-W01', 'spray', 'released', '{"low": null, "gate": "spray", "high": 25.0, "unit": "°", "parts": [{"value": 10.58, "lot_id": "WR-NFM-01-PEL-002", "reason": "contact_angle_deg of WR-NFM-01-PEL-002 is 10.58 °, at most 25 ° (specification version 1); film_um of WR-NFM-01-PEL-002 is 13.416 µm, at least 0.8 µm (specification version 1)", "disposition": "released"}], "value": null, "lot_id": "WR-NFM-01-W01", "reason": "1 of 1 parts released", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-30T18:46:34.933525Z", "characteristic": "contact_angle_deg", "work_request_id": "WR-NFM-01", "specification_version": 1}', '2026-11-30 18:46:34.933525+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (13, 'WR-NFM-01-W02-stack', 'WR-NFM-01-W02', 'stack', 'released', '{"low": null, "gate": "stack", "high": 0.1, "unit": "1", "parts": [], "value": 0.0020833333333333333, "lot_id": "WR-NFM-01-W02", "reason": "force_deviation_ratio of WR-NFM-01-W02 is 0.00208333 1, at most 0.1 1 (specification version 2); press_temperature_deviation_degc of WR-NFM-01-W02 is 0.04 °C, at most 8 °C (specification version 2); alignment_um of WR-NFM-01-W02 is 73 µm, at most 350 µm (specification version 2); layer_count of WR-NFM-01-W02 is 3 1, at least 3 1 (specification version 2)", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-30T19:01:27.091747Z", "characteristic": "force_deviation_ratio", "work_request_id": "WR-NFM-01", "specification_version": 2}', '2026-11-30 19:01:27.091747+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (14, 'WR-NFM-01-W01-stack', 'WR-NFM-01-W01', 'stack', 'released', '{"low": null, "gate": "stack", "high": 0.1, "unit": "1", "parts": [], "value": 0.00358333333333339, "lot_id": "WR-NFM-01-W01", "reason": "force_deviation_ratio of WR-NFM-01-W01 is 0.00358333 1, at most 0.1 1 (specification version 2); press_temperature_deviation_degc of WR-NFM-01-W01 is 0.14 °C, at most 8 °C (specification version 2); alignment_um of WR-NFM-01-W01 is 144.6 µm, at most 350 µm (specification version 2); layer_count of WR-NFM-01-W01 is 3 1, at least 3 1 (specification version 2)", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-30T19:11:38.314153Z", "characteristic": "force_deviation_ratio", "work_request_id": "WR-NFM-01", "specification_version": 2}', '2026-11-30 19:11:38.314153+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (15, 'WR-NFM-01-W02-seal', 'WR-NFM-01-W02', 'seal', 'released', '{"low": null, "gate": "seal", "high": 8.0, "unit": "°C", "parts": [], "value": 0.120000000000001, "lot_id": "WR-NFM-01-W02", "reason": "seal_temperature_deviation_degc of WR-NFM-01-W02 is 0.12 °C, at most 8 °C (specification version 2); seal_pressure_deviation_ratio of WR-NFM-01-W02 is 0.000108 1, at most 0.1 1 (specification version 2); leak_rate_mbar_l_per_s of WR-NFM-01-W02 is 1.489e-08 mbar·L/s, at most 1e-06 mbar·L/s (specification version 2); vacuum_mbar of WR-NFM-01-W02 is 4.992 mbar, at most 20 mbar (specification version 2)", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-30T19:18:27.092565Z", "characteristic": "seal_temperature_deviation_degc", "work_request_id": "WR-NFM-01", "specification_version": 2}', '2026-11-30 19:18:27.092565+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (16, 'WR-NFM-01-W02-seal', 'WR-NFM-01-W02', 'exposure', 'released', '{"low": null, "gate": "exposure", "high": 120.0, "unit": "min", "parts": [], "value": 14.094712066666666, "lot_id": "WR-NFM-01-W02", "reason": "bare_sodium: 14.09 of 120 min and 14.18 of 450 ppm·h from stack to seal (budget version 1)", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-30T19:25:57.729292Z", "characteristic": "exposure_min", "work_request_id": "WR-NFM-01", "specification_version": 1}', '2026-11-30 19:25:57.729292+00');
INSERT INTO public.disposition OVERRIDING SYSTEM VALUE VALUES (18, 'WR-NFM-01-W01-seal', 'WR-NFM-01-W01', 'exposure', 'released', '{"low": null, "gate": "exposure", "high": 120.0, "unit": "min", "parts": [], "value": 14.56438275, "lot_id": "WR-NFM-01-W01", "reason": "bare_sodium: 14.56 of 120 min and 14.93 of 450 ppm·h from stack to seal (budget version 1)", "product_id": "nfm-pouch-1ah", "disposition": "released", "evaluated_at": "2026-11-30T19:29:04.784812Z", "characteristic": "exposure_min", "work_request_id": "WR-NFM-01", "specification_version": 1}', '2026-11-30 19:29:04.784812+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (1, 'WR-NFM-01-W02', 'bare_sodium', 1, 'WR-NFM-01-W02-seal', '2026-11-30 18:54:16.482499+00', '2026-11-30 19:08:22.165223+00', 'within', 14.094712066666666, 120, 14.176428849183806, 450, 'bare_sodium: 14.09 of 120 min and 14.18 of 450 ppm·h from stack to seal (budget version 1)', '2026-11-30 19:24:54.709395+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (2, 'WR-NFM-01-W01', 'bare_sodium', 1, 'WR-NFM-01-W01-seal', '2026-11-30 19:01:54.033852+00', '2026-11-30 19:16:27.896817+00', 'within', 14.56438275, 120, 14.934840169735928, 450, 'bare_sodium: 14.56 of 120 min and 14.93 of 450 ppm·h from stack to seal (budget version 1)', '2026-11-30 19:28:35.420737+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (3, 'WR-NVP-01-W02', 'bare_sodium', 1, 'WR-NVP-01-W02-seal', '2026-11-30 20:57:08.013597+00', '2026-11-30 21:14:05.298798+00', 'within', 16.95475335, 120, 16.39829965524388, 450, 'bare_sodium: 16.95 of 120 min and 16.4 of 450 ppm·h from stack to seal (budget version 1)', '2026-11-30 21:34:17.80272+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (4, 'WR-NVP-01-W01', 'bare_sodium', 1, 'WR-NVP-01-W01-seal', '2026-11-30 21:05:22.755624+00', '2026-11-30 21:25:06.272731+00', 'within', 19.725285116666665, 120, 18.945763936989312, 450, 'bare_sodium: 19.73 of 120 min and 18.95 of 450 ppm·h from stack to seal (budget version 1)', '2026-11-30 21:35:22.779148+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (5, 'WR-NFM-01-C02', 'bare_sodium', 1, 'WR-NFM-01-C02-seal', '2026-11-30 23:03:56.121793+00', '2026-11-30 23:33:45.182444+00', 'within', 29.817677516666667, 120, 32.46528911393386, 450, 'bare_sodium: 29.82 of 120 min and 32.47 of 450 ppm·h from stack to seal (budget version 1)', '2026-11-30 23:45:26.751688+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (6, 'WR-NFM-01-C01', 'bare_sodium', 1, 'WR-NFM-01-C01-seal', '2026-11-30 23:26:11.456086+00', '2026-11-30 23:55:08.247438+00', 'within', 28.946522533333333, 120, 31.67073266672926, 450, 'bare_sodium: 28.95 of 120 min and 31.67 of 450 ppm·h from stack to seal (budget version 1)', '2026-12-01 00:04:54.167007+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (7, 'WR-NFM-01-C03', 'bare_sodium', 1, 'WR-NFM-01-C03-seal', '2026-12-01 01:22:19.647339+00', '2026-12-01 01:42:43.035815+00', 'within', 20.389807933333334, 120, 21.789141424219828, 450, 'bare_sodium: 20.39 of 120 min and 21.79 of 450 ppm·h from stack to seal (budget version 1)', '2026-12-01 01:51:58.073751+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (8, 'WR-NFM-01-C04', 'bare_sodium', 1, 'WR-NFM-01-C04-seal', '2026-12-01 01:39:24.732757+00', '2026-12-01 02:01:53.197799+00', 'within', 22.474417366666668, 120, 25.186893603958964, 450, 'bare_sodium: 22.47 of 120 min and 25.19 of 450 ppm·h from stack to seal (budget version 1)', '2026-12-01 02:13:47.670435+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (9, 'WR-NFM-01-C05', 'bare_sodium', 1, 'WR-NFM-01-C05-seal', '2026-12-01 03:17:36.862267+00', '2026-12-01 03:38:00.515213+00', 'within', 20.394215766666665, 120, 24.439667414550705, 450, 'bare_sodium: 20.39 of 120 min and 24.44 of 450 ppm·h from stack to seal (budget version 1)', '2026-12-01 03:54:21.164908+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (10, 'WR-NFM-01-C06', 'bare_sodium', 1, 'WR-NFM-01-C06-seal', '2026-12-01 03:32:33.868356+00', '2026-12-01 03:55:10.108274+00', 'within', 22.603998633333333, 120, 26.31025697331252, 450, 'bare_sodium: 22.6 of 120 min and 26.31 of 450 ppm·h from stack to seal (budget version 1)', '2026-12-01 04:18:59.74543+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (11, 'WR-NFM-01-C07', 'bare_sodium', 1, 'WR-NFM-01-C07-seal', '2026-12-01 05:17:14.608279+00', '2026-12-01 05:38:58.906671+00', 'within', 21.738306533333333, 120, 27.91960625946352, 450, 'bare_sodium: 21.74 of 120 min and 27.92 of 450 ppm·h from stack to seal (budget version 1)', '2026-12-01 06:04:20.09605+00');
INSERT INTO public.exposure OVERRIDING SYSTEM VALUE VALUES (12, 'WR-NFM-01-C08', 'bare_sodium', 1, 'WR-NFM-01-C08-seal', '2026-12-01 05:37:44.752993+00', '2026-12-01 05:56:06.127292+00', 'within', 18.35623831666667, 120, 24.220552612323157, 450, 'bare_sodium: 18.36 of 120 min and 24.22 of 450 ppm·h from stack to seal (budget version 1)', '2026-12-01 06:04:42.839965+00');
INSERT INTO public.exposure_budget VALUES ('bare_sodium', 'nfm-pouch-1ah', 1, '{"state": "bare_sodium", "reason": null, "source": "paper L77: bare sodium is spoilt after 2 h; dose of 2 h at -35 °C (L56)", "status": "released", "version": 1, "product_id": "nfm-pouch-1ah", "warn_ratio": 0.8, "to_operation": "seal", "budget_minutes": 120.0, "from_operation": "stack", "budget_dose_ppm_h": 450.0, "room_equipment_id": "pilot/dryroom/room/dryroom-1"}');
INSERT INTO public.exposure_budget VALUES ('bare_sodium', 'nvp-coin', 1, '{"state": "bare_sodium", "reason": null, "source": "paper L77: bare sodium is spoilt after 2 h; dose of 2 h at -35 °C (L56)", "status": "released", "version": 1, "product_id": "nvp-coin", "warn_ratio": 0.8, "to_operation": "seal", "budget_minutes": 120.0, "from_operation": "stack", "budget_dose_ppm_h": 450.0, "room_equipment_id": "pilot/dryroom/room/dryroom-1"}');
INSERT INTO public.exposure_budget VALUES ('bare_sodium', 'na_foil', 1, '{"state": "bare_sodium", "reason": null, "source": "paper L77: bare sodium is spoilt after 2 h; counts from the opening that a person enters", "status": "released", "version": 1, "product_id": "na_foil", "warn_ratio": 0.8, "to_operation": "stack", "budget_minutes": 120.0, "from_operation": "open", "budget_dose_ppm_h": 450.0, "room_equipment_id": "pilot/dryroom/room/dryroom-1"}');
INSERT INTO public.exposure_budget VALUES ('bare_sodium', 'na_disc', 1, '{"state": "bare_sodium", "reason": null, "source": "paper L77: bare sodium is spoilt after 2 h; counts from the opening that a person enters", "status": "released", "version": 1, "product_id": "na_disc", "warn_ratio": 0.8, "to_operation": "stack", "budget_minutes": 120.0, "from_operation": "open", "budget_dose_ppm_h": 450.0, "room_equipment_id": "pilot/dryroom/room/dryroom-1"}');
INSERT INTO public.kernel_version VALUES ('0001');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (1, 'WR-NFM-01-PWD-mill', 'WR-NFM-01-PWD', 'mass_g', 456.342, NULL, 'g', NULL, '2026-11-28 15:28:42.088204+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (2, 'WR-NFM-01-PWD-mill', 'WR-NFM-01-PWD', 'yield_ratio', 1.1024219524842613, NULL, '1', NULL, '2026-11-28 15:28:42.088204+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (3, 'WR-NFM-01-PWD-mill', 'WR-NFM-01-PWD', 'solvent_ml', 60, NULL, 'mL', NULL, '2026-11-28 15:28:42.088204+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (4, 'WR-NFM-01-PWD-mill', 'WR-NFM-01-PWD', 'weighing_error_ratio', 0.00015411852443070195, NULL, '1', NULL, '2026-11-28 15:28:42.088204+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (5, 'WR-NVP-01-PWD-mill', 'WR-NVP-01-PWD', 'mass_g', 49.339, NULL, 'g', NULL, '2026-11-28 15:29:24.48972+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (6, 'WR-NVP-01-PWD-mill', 'WR-NVP-01-PWD', 'yield_ratio', 24.45158502906249, NULL, '1', NULL, '2026-11-28 15:29:24.48972+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (7, 'WR-NVP-01-PWD-mill', 'WR-NVP-01-PWD', 'solvent_ml', 60, NULL, 'mL', NULL, '2026-11-28 15:29:24.48972+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (8, 'WR-NVP-01-PWD-mill', 'WR-NVP-01-PWD', 'weighing_error_ratio', 0.00014309555519198547, NULL, '1', NULL, '2026-11-28 15:29:24.48972+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (9, 'WR-NFM-01-PWD-dry', 'WR-NFM-01-PWD', 'mass_g', 409.013, NULL, 'g', NULL, '2026-11-28 19:38:37.045105+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (10, 'WR-NFM-01-PWD-dry', 'WR-NFM-01-PWD', 'loss_on_drying_ratio', 0.103713, NULL, '1', NULL, '2026-11-28 19:38:37.045105+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (11, 'WR-NVP-01-PWD-dry', 'WR-NVP-01-PWD', 'mass_g', 2.011, NULL, 'g', NULL, '2026-11-28 23:42:49.635556+00');
INSERT INTO public.measurement OVERRIDING SYSTEM VALUE VALUES (12, 'WR-NVP-01-PWD-dry', 'WR-NVP-01-PWD', 'loss_on_drying_ratio', 0.959245, NULL, '1', NULL, '2026-11-28 23:42:49.635556+00');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-001', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-002', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-003', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-004', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-005', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-006', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-007', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-008', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-009', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-010', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-011', 'WR-NFM-01-PEL');
INSERT INTO public.member VALUES ('WR-NFM-01-PEL-012', 'WR-NFM-01-PEL');
INSERT INTO public.nonconformance VALUES ('NC-WR-NFM-01-PEL-gauge-density', 'density', 'WR-NFM-01-PEL-gauge', 'WR-NFM-01-PEL', '{WR-NFM-01-PEL-023,WR-NFM-01-PEL-049,WR-NFM-01-PEL-096,WR-NFM-01-PEL-106,WR-NFM-01-PEL-135,WR-NFM-01-PEL-208,WR-NFM-01-PEL-224,WR-NFM-01-PEL-238,WR-NFM-01-PEL-262,WR-NFM-01-PEL-272,WR-NFM-01-PEL-323}', 'pilot/furnaces/inspection/gauge-1', 'gate density blocked: 348 of 359 parts released; density_g_per_cm3 of WR-NFM-01-PEL-023 is 2.76594 g/cm³, below low 2.85 g/cm³ (specification version 1); density_g_per_cm3 of WR-NFM-01-PEL-049 is 2.84972 g/cm³, below low 2.85 g/cm³ (specification version 1); density_g_per_cm3 of WR-NFM-01-PEL-096 is 2.76829 g/cm³, below low 2.85 g/cm³ (specification version 1); density_g_per_cm3 of WR-NFM-01-PEL-106 is 2.84522 g/cm³, below low 2.85 g/cm³ (specification version 1); and 7 more', '2026-11-30 17:49:25.855065+00');
INSERT INTO public.nonconformance VALUES ('NC-WR-NFM-01-PEL-gauge-thickness', 'thickness', 'WR-NFM-01-PEL-gauge', 'WR-NFM-01-PEL', '{WR-NFM-01-PEL-049,WR-NFM-01-PEL-124,WR-NFM-01-PEL-271,WR-NFM-01-PEL-343}', 'pilot/furnaces/inspection/gauge-1', 'gate thickness blocked: 355 of 359 parts released; thickness_um of WR-NFM-01-PEL-049 is 85.21 µm, above high 85 µm (specification version 1); thickness_um of WR-NFM-01-PEL-124 is 74.49 µm, below low 75 µm (specification version 1); thickness_um of WR-NFM-01-PEL-271 is 74.84 µm, below low 75 µm (specification version 1); thickness_um of WR-NFM-01-PEL-343 is 87.39 µm, above high 85 µm (specification version 1)', '2026-11-30 18:07:24.689223+00');
INSERT INTO public.nonconformance VALUES ('NC-WR-NVP-01-PEL-gauge-density', 'density', 'WR-NVP-01-PEL-gauge', 'WR-NVP-01-PEL', '{WR-NVP-01-PEL-006}', 'pilot/furnaces/inspection/gauge-1', 'gate density blocked: 13 of 14 parts released; density_g_per_cm3 of WR-NVP-01-PEL-006 is 2.84827 g/cm³, below low 2.85 g/cm³ (specification version 1)', '2026-11-30 20:04:10.194045+00');
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (1, '01a21ff9-ade5-7b98-9660-d8f4ee8da720', 'org.halite.disposition_decided.v1', 'WR-NFM-01-PWD', 'halite/v1/pilot/ev/quality/p/09/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ff9-ade5-7b98-9660-d8f4ee8da720","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NFM-01-PWD","partitionkey":"WR-NFM-01-PWD","time":"2026-11-29T10:21:42.667321Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ff9-ad64-7102-97ab-30a3c97c9bd6","traceparent":null,"data":{"lot_id":"WR-NFM-01-PWD","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","gate":"heat_calcine","characteristic":"profile_deviation_count","value":0.0,"unit":"1","low":null,"high":0.0,"disposition":"released","reason":"profile_deviation_count of WR-NFM-01-PWD is 0 1, at most 0 1 (specification version 1)","specification_version":1,"evaluated_at":"2026-11-29T10:21:39.449305Z","parts":[]}}', '2026-11-28 02:26:26.406956+00', 1);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (2, '01a21ff9-d3b6-7664-ace2-47d8498d8567', 'org.halite.disposition_decided.v1', 'WR-NVP-01-PWD', 'halite/v1/pilot/ev/quality/p/06/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ff9-d3b6-7664-ace2-47d8498d8567","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NVP-01-PWD","partitionkey":"WR-NVP-01-PWD","time":"2026-11-29T14:23:44.762824Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ff9-d303-7380-bd98-9b7b287d89df","traceparent":null,"data":{"lot_id":"WR-NVP-01-PWD","work_request_id":"WR-NVP-01","product_id":"nvp-coin","gate":"heat_calcine","characteristic":"profile_deviation_count","value":0.0,"unit":"1","low":null,"high":0.0,"disposition":"released","reason":"profile_deviation_count of WR-NVP-01-PWD is 0 1, at most 0 1 (specification version 1)","specification_version":1,"evaluated_at":"2026-11-29T14:23:39.468037Z","parts":[]}}', '2026-11-28 02:26:36.088821+00', 2);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (4, '01a21ffa-0baa-7af7-be59-a7c66667057e', 'org.halite.disposition_decided.v1', 'WR-NFM-01-PEL', 'halite/v1/pilot/ev/quality/p/15/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ffa-0baa-7af7-be59-a7c66667057e","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NFM-01-PEL","partitionkey":"WR-NFM-01-PEL","time":"2026-11-29T20:21:50.084149Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-06e0-73b9-bb6e-153a78904b6b","traceparent":null,"data":{"lot_id":"WR-NFM-01-PEL","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","gate":"heat_debind","characteristic":"profile_deviation_count","value":0.0,"unit":"1","low":null,"high":0.0,"disposition":"released","reason":"profile_deviation_count of WR-NFM-01-PEL is 0 1, at most 0 1 (specification version 1)","specification_version":1,"evaluated_at":"2026-11-29T20:21:49.159423Z","parts":[]}}', '2026-11-28 02:26:50.410369+00', 4);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (6, '01a21ffa-281f-7ae9-a4dd-47dd5d92dff7', 'org.halite.disposition_decided.v1', 'WR-NVP-01-PEL', 'halite/v1/pilot/ev/quality/p/14/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ffa-281f-7ae9-a4dd-47dd5d92dff7","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NVP-01-PEL","partitionkey":"WR-NVP-01-PEL","time":"2026-11-29T23:23:58.801170Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-26d3-7690-868b-251ffc4d7704","traceparent":null,"data":{"lot_id":"WR-NVP-01-PEL","work_request_id":"WR-NVP-01","product_id":"nvp-coin","gate":"heat_debind","characteristic":"profile_deviation_count","value":0.0,"unit":"1","low":null,"high":0.0,"disposition":"released","reason":"profile_deviation_count of WR-NVP-01-PEL is 0 1, at most 0 1 (specification version 1)","specification_version":1,"evaluated_at":"2026-11-29T23:23:58.084441Z","parts":[]}}', '2026-11-28 02:26:57.696288+00', 6);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (7, '01a21ffa-c8fa-78fd-94b6-24b34198e342', 'org.halite.disposition_decided.v1', 'WR-NFM-01-PEL', 'halite/v1/pilot/ev/quality/p/15/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ffa-c8fa-78fd-94b6-24b34198e342","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NFM-01-PEL","partitionkey":"WR-NFM-01-PEL","time":"2026-11-30T16:33:26.233621Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-c703-7d95-97ef-22bd4bd493be","traceparent":null,"data":{"lot_id":"WR-NFM-01-PEL","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","gate":"heat_sinter","characteristic":"profile_deviation_count","value":0.0,"unit":"1","low":null,"high":0.0,"disposition":"released","reason":"profile_deviation_count of WR-NFM-01-PEL is 0 1, at most 0 1 (specification version 1)","specification_version":1,"evaluated_at":"2026-11-30T16:33:25.240317Z","parts":[]}}', '2026-11-28 02:27:38.874393+00', 7);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (16, '01a21ffa-e1b2-76f6-ba6b-627941864768', 'org.halite.disposition_decided.v1', 'WR-NFM-01-W01', 'halite/v1/pilot/ev/quality/p/10/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ffa-e1b2-76f6-ba6b-627941864768","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NFM-01-W01","partitionkey":"WR-NFM-01-W01","time":"2026-11-30T19:11:38.974608Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-e0cf-7521-a366-62d6a366189c","traceparent":null,"data":{"lot_id":"WR-NFM-01-W01","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","gate":"stack","characteristic":"force_deviation_ratio","value":0.00358333333333339,"unit":"1","low":null,"high":0.1,"disposition":"released","reason":"force_deviation_ratio of WR-NFM-01-W01 is 0.00358333 1, at most 0.1 1 (specification version 2); press_temperature_deviation_degc of WR-NFM-01-W01 is 0.14 °C, at most 8 °C (specification version 2); alignment_um of WR-NFM-01-W01 is 144.6 µm, at most 350 µm (specification version 2); layer_count of WR-NFM-01-W01 is 3 1, at least 3 1 (specification version 2)","specification_version":2,"evaluated_at":"2026-11-30T19:11:38.314153Z","parts":[]}}', '2026-11-28 02:27:45.203892+00', 16);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (10, '01a21ffa-d4e0-7162-9b66-1e4df4569f9f', 'org.halite.nonconformance_raised.v1', 'WR-NFM-01-PEL', 'halite/v1/pilot/ev/quality/p/15/lot/nonconformance_raised', '{"specversion":"1.0","id":"01a21ffa-d4e0-7162-9b66-1e4df4569f9f","source":"/halite/quality","type":"org.halite.nonconformance_raised.v1","subject":"WR-NFM-01-PEL","partitionkey":"WR-NFM-01-PEL","time":"2026-11-30T17:49:36.203755Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-d0d3-734d-8c9e-17ac4d9ff2b2","traceparent":null,"data":{"lot_id":"WR-NFM-01-PEL","nonconformance_id":"NC-WR-NFM-01-PEL-gauge-density","equipment_id":"pilot/furnaces/inspection/gauge-1","description":"gate density blocked: 348 of 359 parts released; density_g_per_cm3 of WR-NFM-01-PEL-023 is 2.76594 g/cm³, below low 2.85 g/cm³ (specification version 1); density_g_per_cm3 of WR-NFM-01-PEL-049 is 2.84972 g/cm³, below low 2.85 g/cm³ (specification version 1); density_g_per_cm3 of WR-NFM-01-PEL-096 is 2.76829 g/cm³, below low 2.85 g/cm³ (specification version 1); density_g_per_cm3 of WR-NFM-01-PEL-106 is 2.84522 g/cm³, below low 2.85 g/cm³ (specification version 1); and 7 more","lot_ids":["WR-NFM-01-PEL-023","WR-NFM-01-PEL-049","WR-NFM-01-PEL-096","WR-NFM-01-PEL-106","WR-NFM-01-PEL-135","WR-NFM-01-PEL-208","WR-NFM-01-PEL-224","WR-NFM-01-PEL-238","WR-NFM-01-PEL-262","WR-NFM-01-PEL-272","WR-NFM-01-PEL-323"]}}', '2026-11-28 02:27:41.922018+00', 10);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (12, '01a21ffa-d7aa-763a-b502-714e4793383e', 'org.halite.nonconformance_raised.v1', 'WR-NFM-01-PEL', 'halite/v1/pilot/ev/quality/p/15/lot/nonconformance_raised', '{"specversion":"1.0","id":"01a21ffa-d7aa-763a-b502-714e4793383e","source":"/halite/quality","type":"org.halite.nonconformance_raised.v1","subject":"WR-NFM-01-PEL","partitionkey":"WR-NFM-01-PEL","time":"2026-11-30T18:07:26.368684Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-d0d3-734d-8c9e-17ac4d9ff2b2","traceparent":null,"data":{"lot_id":"WR-NFM-01-PEL","nonconformance_id":"NC-WR-NFM-01-PEL-gauge-thickness","equipment_id":"pilot/furnaces/inspection/gauge-1","description":"gate thickness blocked: 355 of 359 parts released; thickness_um of WR-NFM-01-PEL-049 is 85.21 µm, above high 85 µm (specification version 1); thickness_um of WR-NFM-01-PEL-124 is 74.49 µm, below low 75 µm (specification version 1); thickness_um of WR-NFM-01-PEL-271 is 74.84 µm, below low 75 µm (specification version 1); thickness_um of WR-NFM-01-PEL-343 is 87.39 µm, above high 85 µm (specification version 1)","lot_ids":["WR-NFM-01-PEL-049","WR-NFM-01-PEL-124","WR-NFM-01-PEL-271","WR-NFM-01-PEL-343"]}}', '2026-11-28 02:27:42.634501+00', 12);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (13, '01a21ffa-dd0b-78c5-b105-2890480d997f', 'org.halite.disposition_decided.v1', 'WR-NFM-01-W02', 'halite/v1/pilot/ev/quality/p/09/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ffa-dd0b-78c5-b105-2890480d997f","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NFM-01-W02","partitionkey":"WR-NFM-01-W02","time":"2026-11-30T18:41:51.980307Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-dc5d-7aab-98d7-22807bcbef1d","traceparent":null,"data":{"lot_id":"WR-NFM-01-W02","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","gate":"spray","characteristic":"contact_angle_deg","value":null,"unit":"°","low":null,"high":25.0,"disposition":"released","reason":"1 of 1 parts released","specification_version":1,"evaluated_at":"2026-11-30T18:41:43.998361Z","parts":[{"lot_id":"WR-NFM-01-PEL-003","value":10.44,"disposition":"released","reason":"contact_angle_deg of WR-NFM-01-PEL-003 is 10.44 °, at most 25 ° (specification version 1); film_um of WR-NFM-01-PEL-003 is 13.352 µm, at least 0.8 µm (specification version 1)"}]}}', '2026-11-28 02:27:44.012539+00', 13);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (14, '01a21ffa-ddcd-7dbb-a15d-f239c933466d', 'org.halite.disposition_decided.v1', 'WR-NFM-01-W01', 'halite/v1/pilot/ev/quality/p/10/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ffa-ddcd-7dbb-a15d-f239c933466d","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NFM-01-W01","partitionkey":"WR-NFM-01-W01","time":"2026-11-30T18:46:42.902851Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-dc6f-715d-898d-482bff06d831","traceparent":null,"data":{"lot_id":"WR-NFM-01-W01","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","gate":"spray","characteristic":"contact_angle_deg","value":null,"unit":"°","low":null,"high":25.0,"disposition":"released","reason":"1 of 1 parts released","specification_version":1,"evaluated_at":"2026-11-30T18:46:34.933525Z","parts":[{"lot_id":"WR-NFM-01-PEL-002","value":10.58,"disposition":"released","reason":"contact_angle_deg of WR-NFM-01-PEL-002 is 10.58 °, at most 25 ° (specification version 1); film_um of WR-NFM-01-PEL-002 is 13.416 µm, at least 0.8 µm (specification version 1)"}]}}', '2026-11-28 02:27:44.207889+00', 14);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (15, '01a21ffa-e01e-7002-bf85-eda21548e0c7', 'org.halite.disposition_decided.v1', 'WR-NFM-01-W02', 'halite/v1/pilot/ev/quality/p/09/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ffa-e01e-7002-bf85-eda21548e0c7","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NFM-01-W02","partitionkey":"WR-NFM-01-W02","time":"2026-11-30T19:01:33.165771Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-df8f-744f-a22a-478cba2e31fd","traceparent":null,"data":{"lot_id":"WR-NFM-01-W02","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","gate":"stack","characteristic":"force_deviation_ratio","value":0.0020833333333333333,"unit":"1","low":null,"high":0.1,"disposition":"released","reason":"force_deviation_ratio of WR-NFM-01-W02 is 0.00208333 1, at most 0.1 1 (specification version 2); press_temperature_deviation_degc of WR-NFM-01-W02 is 0.04 °C, at most 8 °C (specification version 2); alignment_um of WR-NFM-01-W02 is 73 µm, at most 350 µm (specification version 2); layer_count of WR-NFM-01-W02 is 3 1, at least 3 1 (specification version 2)","specification_version":2,"evaluated_at":"2026-11-30T19:01:27.091747Z","parts":[]}}', '2026-11-28 02:27:44.806309+00', 15);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (17, '01a21ffa-e2c8-728d-a8d2-c97d3f8d29d6', 'org.halite.disposition_decided.v1', 'WR-NFM-01-W02', 'halite/v1/pilot/ev/quality/p/09/lot/disposition_decided', '{"specversion":"1.0","id":"01a21ffa-e2c8-728d-a8d2-c97d3f8d29d6","source":"/halite/quality","type":"org.halite.disposition_decided.v1","subject":"WR-NFM-01-W02","partitionkey":"WR-NFM-01-W02","time":"2026-11-30T19:18:36.171166Z","datacontenttype":"application/json","correlationid":null,"causationid":"01a21ffa-e174-75bf-8d05-3c84faca829e","traceparent":null,"data":{"lot_id":"WR-NFM-01-W02","work_request_id":"WR-NFM-01","product_id":"nfm-pouch-1ah","gate":"seal","characteristic":"seal_temperature_deviation_degc","value":0.120000000000001,"unit":"°C","low":null,"high":8.0,"disposition":"released","reason":"seal_temperature_deviation_degc of WR-NFM-01-W02 is 0.12 °C, at most 8 °C (specification version 2); seal_pressure_deviation_ratio of WR-NFM-01-W02 is 0.000108 1, at most 0.1 1 (specification version 2); leak_rate_mbar_l_per_s of WR-NFM-01-W02 is 1.489e-08 mbar·L/s, at most 1e-06 mbar·L/s (specification version 2); vacuum_mbar of WR-NFM-01-W02 is 4.992 mbar, at most 20 mbar (specification version 2)","specification_version":2,"evaluated_at":"2026-11-30T19:18:27.092565Z","parts":[]}}', '2026-11-28 02:27:45.486154+00', 17);
INSERT INTO public.passage VALUES ('WR-NFM-01-PWD', 'mill', 'WR-NFM-01-PWD-mill', 'WR-NFM-01', 'nfm-pouch-1ah', 'pilot/powder/milling/mill-1', '{WR-NFM-01-PWD}', '2026-11-28 11:28:42.088204+00', '2026-11-28 15:28:42.088204+00', NULL, '01a21ff8-fcf6-79d3-bce0-0740f8dd8946', true, NULL);
INSERT INTO public.passage VALUES ('WR-NVP-01-PWD', 'mill', 'WR-NVP-01-PWD-mill', 'WR-NVP-01', 'nvp-coin', 'pilot/powder/milling/mill-2', '{WR-NVP-01-PWD}', '2026-11-28 11:29:24.48972+00', '2026-11-28 15:29:24.48972+00', NULL, '01a21ff8-fd19-77a5-ac77-a7f7068165f5', true, NULL);
INSERT INTO public.passage VALUES ('WR-NFM-01-PWD', 'dry', 'WR-NFM-01-PWD-dry', 'WR-NFM-01', 'nfm-pouch-1ah', 'pilot/powder/drying/dryer-1', '{WR-NFM-01-PWD}', '2026-11-28 15:38:37.045105+00', '2026-11-28 19:38:37.045105+00', NULL, '01a21ff9-241b-7b8c-b03e-696cfd91d52c', true, NULL);
INSERT INTO public.passage VALUES ('WR-NVP-01-PWD', 'dry', 'WR-NVP-01-PWD-dry', 'WR-NVP-01', 'nvp-coin', 'pilot/powder/drying/dryer-1', '{WR-NVP-01-PWD}', '2026-11-28 19:42:49.635556+00', '2026-11-28 23:42:49.635556+00', NULL, '01a21ff9-4a24-7036-af64-d23f3a1492ed', true, NULL);
INSERT INTO public.passage VALUES ('WR-NFM-01-PWD', 'calcine', 'WR-NFM-01-PWD-calcine', 'WR-NFM-01', 'nfm-pouch-1ah', 'pilot/furnaces/heat/furnace-3', '{WR-NFM-01-PWD}', '2026-11-28 20:38:17.131395+00', '2026-11-29 10:14:07.131395+00', NULL, '01a21ff9-ad64-7102-97ab-30a3c97c9bd6', true, NULL);
INSERT INTO public.passage VALUES ('WR-NFM-01-PWD', 'regrind', 'WR-NFM-01-PWD-regrind', 'WR-NFM-01', 'nfm-pouch-1ah', 'pilot/powder/milling/mill-1', '{WR-NFM-01-PWD}', '2026-11-29 10:27:44.107102+00', '2026-11-29 11:27:44.107102+00', NULL, '01a21ff9-b887-702a-8411-ba298069f93f', true, NULL);
INSERT INTO public.passage VALUES ('WR-NVP-01-PWD', 'calcine', 'WR-NVP-01-PWD-calcine', 'WR-NVP-01', 'nvp-coin', 'pilot/furnaces/heat/furnace-1', '{WR-NVP-01-PWD}', '2026-11-29 00:39:26.191824+00', '2026-11-29 14:15:16.191824+00', NULL, '01a21ff9-d303-7380-bd98-9b7b287d89df', true, NULL);
INSERT INTO public.passage VALUES ('WR-NVP-01-PWD', 'regrind', 'WR-NVP-01-PWD-regrind', 'WR-NVP-01', 'nvp-coin', 'pilot/powder/milling/mill-1', '{WR-NVP-01-PWD}', '2026-11-29 14:32:56.992924+00', '2026-11-29 15:32:56.992924+00', NULL, '01a21ff9-dec7-77ed-94a4-c4c8307db090', true, NULL);
INSERT INTO public.passage VALUES ('WR-NVP-01-PEL', 'press', 'WR-NVP-01-PEL-press', 'WR-NVP-01', 'nvp-coin', 'pilot/powder/pressing/press-1', '{WR-NVP-01-PEL-001,WR-NVP-01-PEL-002,WR-NVP-01-PEL-003,WR-NVP-01-PEL-004,WR-NVP-01-PEL-005,WR-NVP-01-PEL-006,WR-NVP-01-PEL-007,WR-NVP-01-PEL-008,WR-NVP-01-PEL-009,WR-NVP-01-PEL-010,WR-NVP-01-PEL-011,WR-NVP-01-PEL-012,WR-NVP-01-PEL-013,WR-NVP-01-PEL-014}', '2026-11-29 15:45:05.797101+00', '2026-11-29 15:47:33.797101+00', NULL, '01a21ff9-e10a-7242-b24e-f8c2d278896e', true, NULL);
INSERT INTO public.passage VALUES ('WR-NVP-01-PEL', 'debind', 'WR-NVP-01-PEL-debind', 'WR-NVP-01', 'nvp-coin', 'pilot/furnaces/heat/furnace-1', '{WR-NVP-01-PEL-001,WR-NVP-01-PEL-002,WR-NVP-01-PEL-003,WR-NVP-01-PEL-004,WR-NVP-01-PEL-005,WR-NVP-01-PEL-006,WR-NVP-01-PEL-007,WR-NVP-01-PEL-008,WR-NVP-01-PEL-009,WR-NVP-01-PEL-010,WR-NVP-01-PEL-011,WR-NVP-01-PEL-012,WR-NVP-01-PEL-013,WR-NVP-01-PEL-014}', '2026-11-29 16:26:29.243269+00', '2026-11-29 23:06:04.243269+00', NULL, '01a21ffa-26d3-7690-868b-251ffc4d7704', true, NULL);
INSERT INTO public.passage VALUES ('WR-NFM-01-W02', 'spray', 'WR-NFM-01-W02-spray', 'WR-NFM-01', 'nfm-pouch-1ah', 'pilot/dryroom/spray/eap-2', '{WR-NFM-01-PEL-003}', '2026-11-30 18:27:51.494893+00', '2026-11-30 18:28:13.494893+00', NULL, '01a21ffa-dc5d-7aab-98d7-22807bcbef1d', true, NULL);
INSERT INTO public.passage VALUES ('WR-NFM-01-W02', 'stack', 'WR-NFM-01-W02-stack', 'WR-NFM-01', 'nfm-pouch-1ah', 'pilot/dryroom/assembly/laminator-1', '{WR-NFM-01-W02}', '2026-11-30 18:54:16.482499+00', '2026-11-30 18:55:18.482499+00', NULL, '01a21ffa-df8f-744f-a22a-478cba2e31fd', true, NULL);
INSERT INTO public.relay VALUES ('number', 189);
INSERT INTO public.relay VALUES ('publish', 189);
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (1, 'WR-NFM-01-PWD-calcine', 'WR-NFM-01-PWD', 'heat_calcine', 'profile_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'profile_deviation_count of WR-NFM-01-PWD is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 10:21:34.679833+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (2, 'WR-NVP-01-PWD-calcine', 'WR-NVP-01-PWD', 'heat_calcine', 'profile_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'profile_deviation_count of WR-NVP-01-PWD is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 14:23:28.375713+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (3, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-001', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-001 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:18.478834+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (4, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-002', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-002 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:24.747081+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (5, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-003', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-003 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:37.663203+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (6, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-004', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-004 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:41.049198+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (7, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-005', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-005 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:43.613833+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (8, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-006', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-006 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:50.299218+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (9, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-007', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-007 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:52.471396+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (10, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-008', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-008 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:54.098761+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (11, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-009', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-009 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:55.631802+00');
INSERT INTO public.result OVERRIDING SYSTEM VALUE VALUES (12, 'WR-NFM-01-PEL-debind', 'WR-NFM-01-PEL-010', 'debind_places', 'place_deviation_count', 0, NULL, '1', NULL, 0, 'released', 'place_deviation_count of WR-NFM-01-PEL-010 is 0 1, at most 0 1 (specification version 1)', 1, '2026-11-29 20:07:56.532748+00');
INSERT INTO public.service_version VALUES ('0001');
INSERT INTO public.test_specification VALUES ('heat_calcine', 'nfm-pouch-1ah', 'calcine', 1, '{"gate": "heat_calcine", "decides": "lot", "version": 1, "operation": "calcine", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 0.0, "unit": "1", "reason": null, "source": "plant", "status": "released", "characteristic": "profile_deviation_count"}]}');
INSERT INTO public.test_specification VALUES ('heat_debind', 'nfm-pouch-1ah', 'debind', 1, '{"gate": "heat_debind", "decides": "lot", "version": 1, "operation": "debind", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 0.0, "unit": "1", "reason": null, "source": "plant", "status": "released", "characteristic": "profile_deviation_count"}]}');
INSERT INTO public.test_specification VALUES ('heat_sinter', 'nfm-pouch-1ah', 'sinter', 1, '{"gate": "heat_sinter", "decides": "lot", "version": 1, "operation": "sinter", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 0.0, "unit": "1", "reason": null, "source": "plant", "status": "released", "characteristic": "profile_deviation_count"}]}');
INSERT INTO public.test_specification VALUES ('debind_places', 'nfm-pouch-1ah', 'debind', 1, '{"gate": "debind_places", "decides": "parts", "version": 1, "operation": "debind", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 0.0, "unit": "1", "reason": null, "source": "plant: each place of the load by the furnace''s survey", "status": "released", "characteristic": "place_deviation_count"}]}');
INSERT INTO public.test_specification VALUES ('sinter_places', 'nfm-pouch-1ah', 'sinter', 1, '{"gate": "sinter_places", "decides": "parts", "version": 1, "operation": "sinter", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 0.0, "unit": "1", "reason": null, "source": "plant: each place of the load by the furnace''s survey", "status": "released", "characteristic": "place_deviation_count"}]}');
INSERT INTO public.test_specification VALUES ('thickness', 'nfm-pouch-1ah', 'gauge', 1, '{"gate": "thickness", "decides": "parts", "version": 1, "operation": "gauge", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": 75.0, "high": 85.0, "unit": "µm", "reason": null, "source": "paper L157: 80.0 ± 5.0 µm", "status": "released", "characteristic": "thickness_um"}]}');
INSERT INTO public.test_specification VALUES ('conductivity', 'nfm-pouch-1ah', 'conductivity', 1, '{"gate": "conductivity", "decides": "pellet_lot", "version": 1, "operation": "conductivity", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": 0.0075, "high": 0.015, "unit": "S/cm", "reason": null, "source": "paper L62: 8.3e-3 S/cm at 25 °C, less a guard band of 10 % for thickness and area", "status": "released", "characteristic": "ionic_conductivity_s_per_cm"}]}');
INSERT INTO public.test_specification VALUES ('spray', 'nfm-pouch-1ah', 'spray', 1, '{"gate": "spray", "decides": "parts", "version": 1, "operation": "spray", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 25.0, "unit": "°", "reason": null, "source": "paper L50: 10.5° with the field, 63.1° without", "status": "released", "characteristic": "contact_angle_deg"}, {"low": 0.8, "high": null, "unit": "µm", "reason": null, "source": "plant", "status": "released", "characteristic": "film_um"}]}');
INSERT INTO public.test_specification VALUES ('stack', 'nfm-pouch-1ah', 'stack', 2, '{"gate": "stack", "decides": "lot", "version": 2, "operation": "stack", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 0.1, "unit": "1", "reason": null, "source": "plant: of the force ordered", "status": "released", "characteristic": "force_deviation_ratio"}, {"low": null, "high": 8.0, "unit": "°C", "reason": null, "source": "plant: from the temperature ordered", "status": "released", "characteristic": "press_temperature_deviation_degc"}, {"low": null, "high": 350.0, "unit": "µm", "reason": null, "source": "plant", "status": "released", "characteristic": "alignment_um"}, {"low": 3.0, "high": null, "unit": "1", "reason": null, "source": "plant", "status": "released", "characteristic": "layer_count"}]}');
INSERT INTO public.test_specification VALUES ('seal', 'nfm-pouch-1ah', 'seal', 2, '{"gate": "seal", "decides": "lot", "version": 2, "operation": "seal", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 8.0, "unit": "°C", "reason": null, "source": "plant: from the temperature ordered", "status": "released", "characteristic": "seal_temperature_deviation_degc"}, {"low": null, "high": 0.1, "unit": "1", "reason": null, "source": "plant: of the pressure ordered", "status": "released", "characteristic": "seal_pressure_deviation_ratio"}, {"low": null, "high": 0.000001, "unit": "mbar·L/s", "reason": null, "source": "plant", "status": "released", "characteristic": "leak_rate_mbar_l_per_s"}, {"low": null, "high": 20.0, "unit": "mbar", "reason": null, "source": "plant", "status": "released", "characteristic": "vacuum_mbar"}]}');
INSERT INTO public.test_specification VALUES ('rest', 'nfm-pouch-1ah', 'rest', 1, '{"gate": "rest", "decides": "lot", "version": 1, "operation": "rest", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": 23.0, "high": null, "unit": "°C", "reason": null, "source": "paper L157: 25 ± 2 °C", "status": "released", "characteristic": "temperature_min_degc"}, {"low": null, "high": 27.0, "unit": "°C", "reason": null, "source": "paper L157: 25 ± 2 °C", "status": "released", "characteristic": "temperature_max_degc"}, {"low": 43200.0, "high": null, "unit": "s", "reason": null, "source": "paper L157: 12 h", "status": "released", "characteristic": "duration_s"}]}');
INSERT INTO public.test_specification VALUES ('impedance', 'nfm-pouch-1ah', 'impedance', 1, '{"gate": "impedance", "decides": "lot", "version": 1, "operation": "impedance", "ccd_recipe": null, "product_id": "nfm-pouch-1ah", "needed_count": null, "characteristics": [{"low": null, "high": 0.01, "unit": "1", "reason": null, "source": "plant: Lin-KK residual in band", "status": "released", "characteristic": "kk_residual_ratio"}, {"low": null, "high": 200.0, "unit": "Ω·cm²", "reason": null, "source": "paper L85: 158.7 with the field; 218.8 dripped is refused", "status": "released", "characteristic": "interface_asr_ohm_cm2"}, {"low": 2.85, "high": 2.95, "unit": "V", "reason": null, "source": "plant", "status": "released", "characteristic": "ocv_v"}]}');
INSERT INTO public.verdict VALUES ('conductivity', 'WR-NFM-01-PEL', 'WR-NFM-01-PEL-001', '{"order": 0, "lot_id": "WR-NFM-01-PEL-001", "reason": "ionic_conductivity_s_per_cm of WR-NFM-01-PEL-001 is 0.00866748 S/cm, within 0.0075 to 0.015 S/cm (specification version 1)", "decisive": {"low": 0.0075, "high": 0.015, "unit": "S/cm", "guard": null, "value": 0.008667482215705355, "lot_id": "WR-NFM-01-PEL-001", "reason": "ionic_conductivity_s_per_cm of WR-NFM-01-PEL-001 is 0.00866748 S/cm, within 0.0075 to 0.015 S/cm (specification version 1)", "protocol": "impedance-model@2", "waiver_id": null, "disposition": "released", "characteristic": "ionic_conductivity_s_per_cm"}, "disposition": "released"}');
INSERT INTO public.verdict VALUES ('conductivity', 'WR-NVP-01-PEL', 'WR-NVP-01-PEL-001', '{"order": 0, "lot_id": "WR-NVP-01-PEL-001", "reason": "ionic_conductivity_s_per_cm of WR-NVP-01-PEL-001 is 0.00858295 S/cm, within 0.0075 to 0.015 S/cm (specification version 1)", "decisive": {"low": 0.0075, "high": 0.015, "unit": "S/cm", "guard": null, "value": 0.008582945587388124, "lot_id": "WR-NVP-01-PEL-001", "reason": "ionic_conductivity_s_per_cm of WR-NVP-01-PEL-001 is 0.00858295 S/cm, within 0.0075 to 0.015 S/cm (specification version 1)", "protocol": "impedance-model@2", "waiver_id": null, "disposition": "released", "characteristic": "ionic_conductivity_s_per_cm"}, "disposition": "released"}');
INSERT INTO public.verdict VALUES ('witness_ccd', 'WR-NFM-01-PEL', 'WR-NFM-01-W02', '{"order": 0, "lot_id": "WR-NFM-01-W02", "reason": "ccd_survived_ma_per_cm2 of WR-NFM-01-W02 is 5 mA/cm², at least 4 mA/cm² (specification version 1)", "decisive": {"low": 4.0, "high": null, "unit": "mA/cm²", "guard": null, "value": 5.0, "lot_id": "WR-NFM-01-W02", "reason": "ccd_survived_ma_per_cm2 of WR-NFM-01-W02 is 5 mA/cm², at least 4 mA/cm² (specification version 1)", "protocol": "ccd-symmetric@2", "waiver_id": null, "disposition": "released", "characteristic": "ccd_survived_ma_per_cm2"}, "disposition": "released"}');
INSERT INTO public.verdict VALUES ('witness_ccd', 'WR-NFM-01-PEL', 'WR-NFM-01-W01', '{"order": 0, "lot_id": "WR-NFM-01-W01", "reason": "ccd_survived_ma_per_cm2 of WR-NFM-01-W01 is 5 mA/cm², at least 4 mA/cm² (specification version 1)", "decisive": {"low": 4.0, "high": null, "unit": "mA/cm²", "guard": null, "value": 5.0, "lot_id": "WR-NFM-01-W01", "reason": "ccd_survived_ma_per_cm2 of WR-NFM-01-W01 is 5 mA/cm², at least 4 mA/cm² (specification version 1)", "protocol": "ccd-symmetric@2", "waiver_id": null, "disposition": "released", "characteristic": "ccd_survived_ma_per_cm2"}, "disposition": "released"}');
INSERT INTO public.verdict VALUES ('witness_ccd', 'WR-NVP-01-PEL', 'WR-NVP-01-W02', '{"order": 0, "lot_id": "WR-NVP-01-W02", "reason": "ccd_survived_ma_per_cm2 of WR-NVP-01-W02 is 5 mA/cm², at least 4 mA/cm² (specification version 1)", "decisive": {"low": 4.0, "high": null, "unit": "mA/cm²", "guard": null, "value": 5.0, "lot_id": "WR-NVP-01-W02", "reason": "ccd_survived_ma_per_cm2 of WR-NVP-01-W02 is 5 mA/cm², at least 4 mA/cm² (specification version 1)", "protocol": "ccd-symmetric@2", "waiver_id": null, "disposition": "released", "characteristic": "ccd_survived_ma_per_cm2"}, "disposition": "released"}');
INSERT INTO public.verdict VALUES ('witness_ccd', 'WR-NVP-01-PEL', 'WR-NVP-01-W01', '{"order": 0, "lot_id": "WR-NVP-01-W01", "reason": "ccd_survived_ma_per_cm2 of WR-NVP-01-W01 is 4.2 mA/cm², at least 4 mA/cm² (specification version 1)", "decisive": {"low": 4.0, "high": null, "unit": "mA/cm²", "guard": null, "value": 4.2, "lot_id": "WR-NVP-01-W01", "reason": "ccd_survived_ma_per_cm2 of WR-NVP-01-W01 is 4.2 mA/cm², at least 4 mA/cm² (specification version 1)", "protocol": "ccd-symmetric@2", "waiver_id": null, "disposition": "released", "characteristic": "ccd_survived_ma_per_cm2"}, "disposition": "released"}');
INSERT INTO public.work_request VALUES ('WR-NFM-01', 2);
INSERT INTO public.work_request VALUES ('WR-NVP-01', 2);
SELECT pg_catalog.setval('public.disposition_id_seq', 1, false);
SELECT pg_catalog.setval('public.exposure_id_seq', 1, false);
SELECT pg_catalog.setval('public.measurement_id_seq', 1, false);
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
SELECT pg_catalog.setval('public.result_id_seq', 1, false);
ALTER TABLE ONLY public.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.component
    ADD CONSTRAINT component_pkey PRIMARY KEY (lot_id, part_lot_id);
ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (source);
ALTER TABLE ONLY public.dew_point
    ADD CONSTRAINT dew_point_pkey PRIMARY KEY (equipment_id, signal, source_at);
ALTER TABLE ONLY public.disposition
    ADD CONSTRAINT disposition_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.evidence
    ADD CONSTRAINT evidence_pkey PRIMARY KEY (sha256);
ALTER TABLE ONLY public.exposure_budget
    ADD CONSTRAINT exposure_budget_pkey PRIMARY KEY (product_id, state, version);
ALTER TABLE ONLY public.exposure
    ADD CONSTRAINT exposure_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.kernel_version
    ADD CONSTRAINT kernel_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.measurement
    ADD CONSTRAINT measurement_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.member
    ADD CONSTRAINT member_pkey PRIMARY KEY (lot_id);
ALTER TABLE ONLY public.nonconformance
    ADD CONSTRAINT nonconformance_pkey PRIMARY KEY (nonconformance_id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_sequence_key UNIQUE (sequence);
ALTER TABLE ONLY public.passage
    ADD CONSTRAINT passage_pkey PRIMARY KEY (job_order_id);
ALTER TABLE ONLY public.pending_evaluation
    ADD CONSTRAINT pending_evaluation_pkey PRIMARY KEY (evaluation_id);
ALTER TABLE ONLY public.pending_exposure
    ADD CONSTRAINT pending_exposure_pkey PRIMARY KEY (lot_id, state);
ALTER TABLE ONLY public.relay
    ADD CONSTRAINT relay_pkey PRIMARY KEY (duty);
ALTER TABLE ONLY public.result
    ADD CONSTRAINT result_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.service_version
    ADD CONSTRAINT service_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (event_id);
ALTER TABLE ONLY public.spectrum
    ADD CONSTRAINT spectrum_pkey PRIMARY KEY (spectrum_id);
ALTER TABLE ONLY public.test_specification
    ADD CONSTRAINT test_specification_pkey PRIMARY KEY (product_id, operation, gate, version);
ALTER TABLE ONLY public.verdict
    ADD CONSTRAINT verdict_pkey PRIMARY KEY (gate, pellet_lot_id, lot_id);
ALTER TABLE ONLY public.work_request
    ADD CONSTRAINT work_request_pkey PRIMARY KEY (work_request_id);
CREATE INDEX dew_point_age ON public.dew_point USING btree (source_at);
CREATE INDEX disposition_lot ON public.disposition USING btree (lot_id, gate, id);
CREATE INDEX exposure_lot ON public.exposure USING btree (lot_id, open_state, id);
CREATE INDEX measurement_job_order ON public.measurement USING btree (job_order_id);
CREATE INDEX measurement_lot ON public.measurement USING btree (lot_id, characteristic, id);
CREATE INDEX outbox_unnumbered ON public.outbox USING btree (id) WHERE (sequence IS NULL);
CREATE INDEX passage_lot ON public.passage USING btree (lot_id, operation);
CREATE INDEX passage_open ON public.passage USING btree (ended_at) WHERE (NOT decided);
CREATE INDEX pending_evaluation_job_order ON public.pending_evaluation USING btree (job_order_id);
CREATE INDEX result_lot ON public.result USING btree (lot_id, id);
CREATE INDEX set_aside_subject ON public.set_aside USING btree (source, subject);
CREATE INDEX spectrum_lot ON public.spectrum USING btree (lot_id, measured_at);
CREATE TRIGGER disposition_is_a_record BEFORE DELETE OR UPDATE ON public.disposition FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER evidence_is_a_record BEFORE DELETE OR UPDATE ON public.evidence FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER exposure_is_a_record BEFORE DELETE OR UPDATE ON public.exposure FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER measurement_is_a_record BEFORE DELETE OR UPDATE ON public.measurement FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER result_is_a_record BEFORE DELETE OR UPDATE ON public.result FOR EACH ROW EXECUTE FUNCTION public.refuse_change();
ALTER TABLE ONLY public.spectrum
    ADD CONSTRAINT spectrum_sha256_fkey FOREIGN KEY (sha256) REFERENCES public.evidence(sha256);
