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
        RAISE EXCEPTION '% is for adding only, % refused', TG_TABLE_NAME, TG_OP;
    END $$;
CREATE FUNCTION public.wait_for_sealer() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
    BEGIN
        PERFORM pg_advisory_xact_lock_shared(727002);
        RETURN NULL;
    END $$;
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
CREATE TABLE public.genealogy_edge (
    event_id uuid NOT NULL,
    parent_lot_id text NOT NULL,
    child_lot_id text NOT NULL,
    quantity double precision NOT NULL,
    unit text NOT NULL,
    job_order_id text NOT NULL,
    operation text NOT NULL,
    equipment_id text NOT NULL,
    recipe_id text NOT NULL,
    recipe_version integer NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL
);
CREATE TABLE public.genealogy_step (
    event_id uuid NOT NULL,
    lot_id text NOT NULL,
    use text NOT NULL,
    job_order_id text NOT NULL,
    operation text NOT NULL,
    equipment_id text NOT NULL,
    recipe_id text NOT NULL,
    recipe_version integer NOT NULL,
    fixture_id text,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    CONSTRAINT genealogy_step_use_check CHECK ((use = ANY (ARRAY['produced'::text, 'processed'::text])))
);
CREATE TABLE public.kernel_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.lot (
    lot_id text NOT NULL,
    material_definition_id text NOT NULL,
    quantity double precision,
    unit text NOT NULL,
    work_request_id text,
    origin text,
    registered_at timestamp with time zone
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
CREATE TABLE public.record (
    "position" bigint NOT NULL,
    event_id uuid NOT NULL,
    source text NOT NULL,
    sequence bigint NOT NULL,
    type text NOT NULL,
    subject text NOT NULL,
    "time" timestamp with time zone NOT NULL,
    body text NOT NULL
);
CREATE TABLE public.record_job_order (
    job_order_id text NOT NULL,
    "position" bigint NOT NULL
);
CREATE TABLE public.record_lot (
    lot_id text NOT NULL,
    "position" bigint NOT NULL
);
ALTER TABLE public.record ALTER COLUMN "position" ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.record_position_seq
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
CREATE TABLE public.seal (
    "position" bigint NOT NULL,
    count bigint NOT NULL,
    root bytea NOT NULL,
    previous_root bytea NOT NULL,
    positions bigint[] NOT NULL,
    leaves bytea NOT NULL,
    frontier bytea NOT NULL,
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
INSERT INTO public.cursor VALUES ('gateway', 0);
INSERT INTO public.cursor VALUES ('plc', 0);
INSERT INTO public.cursor VALUES ('historian', 48);
INSERT INTO public.cursor VALUES ('formation', 238);
INSERT INTO public.cursor VALUES ('quality', 193);
INSERT INTO public.cursor VALUES ('execution', 555);
INSERT INTO public.cursor VALUES ('spray', 100);
INSERT INTO public.cursor VALUES ('sintering', 95);
INSERT INTO public.cursor VALUES ('lamination', 196);
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fd3a-7721-9d60-0c6cbd26dd87', 'NA2CO3-0117', 'WR-NFM-01-PWD', 124.7525, 'g', 'WR-NFM-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-1', 'mill-nzzspo', 1, '2026-11-28 11:28:42.088204+00', '2026-11-28 15:28:42.088204+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fd3a-7721-9d60-0c6cbd26dd87', 'ZRO2-0412', 'WR-NFM-01-PWD', 140.9793, 'g', 'WR-NFM-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-1', 'mill-nzzspo', 1, '2026-11-28 11:28:42.088204+00', '2026-11-28 15:28:42.088204+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fd3a-7721-9d60-0c6cbd26dd87', 'ZNO-0031', 'WR-NFM-01-PWD', 4.90035, 'g', 'WR-NFM-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-1', 'mill-nzzspo', 1, '2026-11-28 11:28:42.088204+00', '2026-11-28 15:28:42.088204+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fd3a-7721-9d60-0c6cbd26dd87', 'SIO2-0205', 'WR-NFM-01-PWD', 79.5903, 'g', 'WR-NFM-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-1', 'mill-nzzspo', 1, '2026-11-28 11:28:42.088204+00', '2026-11-28 15:28:42.088204+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fd3a-7721-9d60-0c6cbd26dd87', 'NH4H2PO4-0089', 'WR-NFM-01-PWD', 63.7225, 'g', 'WR-NFM-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-1', 'mill-nzzspo', 1, '2026-11-28 11:28:42.088204+00', '2026-11-28 15:28:42.088204+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fd3a-7721-9d60-0c6cbd26dd87', 'ETOH-0301', 'WR-NFM-01-PWD', 323.1, 'ml', 'WR-NFM-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-1', 'mill-nzzspo', 1, '2026-11-28 11:28:42.088204+00', '2026-11-28 15:28:42.088204+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fdab-7e84-acb1-567399cf9ab4', 'NA2CO3-0117', 'WR-NVP-01-PWD', 0.608118, 'g', 'WR-NVP-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-2', 'mill-nzzspo', 1, '2026-11-28 11:29:24.48972+00', '2026-11-28 15:29:24.48972+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fdab-7e84-acb1-567399cf9ab4', 'ZRO2-0412', 'WR-NVP-01-PWD', 0.687218, 'g', 'WR-NVP-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-2', 'mill-nzzspo', 1, '2026-11-28 11:29:24.48972+00', '2026-11-28 15:29:24.48972+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fdab-7e84-acb1-567399cf9ab4', 'ZNO-0031', 'WR-NVP-01-PWD', 0.0238882, 'g', 'WR-NVP-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-2', 'mill-nzzspo', 1, '2026-11-28 11:29:24.48972+00', '2026-11-28 15:29:24.48972+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fdab-7e84-acb1-567399cf9ab4', 'SIO2-0205', 'WR-NVP-01-PWD', 0.38798200000000005, 'g', 'WR-NVP-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-2', 'mill-nzzspo', 1, '2026-11-28 11:29:24.48972+00', '2026-11-28 15:29:24.48972+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fdab-7e84-acb1-567399cf9ab4', 'NH4H2PO4-0089', 'WR-NVP-01-PWD', 0.31061799999999995, 'g', 'WR-NVP-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-2', 'mill-nzzspo', 1, '2026-11-28 11:29:24.48972+00', '2026-11-28 15:29:24.48972+00');
INSERT INTO public.genealogy_edge VALUES ('01a21ff8-fdab-7e84-acb1-567399cf9ab4', 'ETOH-0301', 'WR-NVP-01-PWD', 1.575, 'ml', 'WR-NVP-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-2', 'mill-nzzspo', 1, '2026-11-28 11:29:24.48972+00', '2026-11-28 15:29:24.48972+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff8-fd3a-7721-9d60-0c6cbd26dd87', 'WR-NFM-01-PWD', 'produced', 'WR-NFM-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-1', 'mill-nzzspo', 1, NULL, '2026-11-28 11:28:42.088204+00', '2026-11-28 15:28:42.088204+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff8-fdab-7e84-acb1-567399cf9ab4', 'WR-NVP-01-PWD', 'produced', 'WR-NVP-01-PWD-mill', 'mill', 'pilot/powder/milling/mill-2', 'mill-nzzspo', 1, NULL, '2026-11-28 11:29:24.48972+00', '2026-11-28 15:29:24.48972+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-245f-73be-8d44-0ef3faafb077', 'WR-NFM-01-PWD', 'processed', 'WR-NFM-01-PWD-dry', 'dry', 'pilot/powder/drying/dryer-1', 'dry-nzzspo', 1, NULL, '2026-11-28 15:38:37.045105+00', '2026-11-28 19:38:37.045105+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-4a56-71a2-996b-d107ee665fe3', 'WR-NVP-01-PWD', 'processed', 'WR-NVP-01-PWD-dry', 'dry', 'pilot/powder/drying/dryer-1', 'dry-nzzspo', 1, NULL, '2026-11-28 19:42:49.635556+00', '2026-11-28 23:42:49.635556+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-ada3-7922-b11c-b18a6d2ea089', 'WR-NFM-01-PWD', 'processed', 'WR-NFM-01-PWD-calcine', 'calcine', 'pilot/furnaces/heat/furnace-3', 'calcine-nzzspo', 1, NULL, '2026-11-28 20:38:17.131395+00', '2026-11-29 10:14:07.131395+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-b8c6-79dd-83cb-fbab7b990bc0', 'WR-NFM-01-PWD', 'processed', 'WR-NFM-01-PWD-regrind', 'regrind', 'pilot/powder/milling/mill-1', 'regrind-nzzspo', 1, NULL, '2026-11-29 10:27:44.107102+00', '2026-11-29 11:27:44.107102+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-bf66-7145-ab83-5cea6dc5451d', 'WR-NFM-01-PEL-001', 'produced', 'WR-NFM-01-PEL-press', 'press', 'pilot/powder/pressing/press-1', 'press-nfm-pouch', 1, NULL, '2026-11-29 11:45:08.13187+00', '2026-11-29 11:58:44.13187+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-bf66-7145-ab83-5cea6dc5451d', 'WR-NFM-01-PEL-002', 'produced', 'WR-NFM-01-PEL-press', 'press', 'pilot/powder/pressing/press-1', 'press-nfm-pouch', 1, NULL, '2026-11-29 11:45:08.13187+00', '2026-11-29 11:58:44.13187+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-bf66-7145-ab83-5cea6dc5451d', 'WR-NFM-01-PEL-003', 'produced', 'WR-NFM-01-PEL-press', 'press', 'pilot/powder/pressing/press-1', 'press-nfm-pouch', 1, NULL, '2026-11-29 11:45:08.13187+00', '2026-11-29 11:58:44.13187+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-bf66-7145-ab83-5cea6dc5451d', 'WR-NFM-01-PEL-004', 'produced', 'WR-NFM-01-PEL-press', 'press', 'pilot/powder/pressing/press-1', 'press-nfm-pouch', 1, NULL, '2026-11-29 11:45:08.13187+00', '2026-11-29 11:58:44.13187+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-bf66-7145-ab83-5cea6dc5451d', 'WR-NFM-01-PEL-005', 'produced', 'WR-NFM-01-PEL-press', 'press', 'pilot/powder/pressing/press-1', 'press-nfm-pouch', 1, NULL, '2026-11-29 11:45:08.13187+00', '2026-11-29 11:58:44.13187+00');
INSERT INTO public.genealogy_step VALUES ('01a21ff9-bf66-7145-ab83-5cea6dc5451d', 'WR-NFM-01-PEL-006', 'produced', 'WR-NFM-01-PEL-press', 'press', 'pilot/powder/pressing/press-1', 'press-nfm-pouch', 1, NULL, '2026-11-29 11:45:08.13187+00', '2026-11-29 11:58:44.13187+00');
INSERT INTO public.kernel_version VALUES ('0001');
INSERT INTO public.lot VALUES ('NA2CO3-0117', 'na2co3', 500, 'g', NULL, 'received', '2026-11-28 11:16:34.369585+00');
INSERT INTO public.lot VALUES ('NA2CO3-0118', 'na2co3', 500, 'g', NULL, 'received', '2026-11-28 11:16:36.676723+00');
INSERT INTO public.lot VALUES ('ZRO2-0412', 'zro2', 1000, 'g', NULL, 'received', '2026-11-28 11:16:38.400922+00');
INSERT INTO public.lot VALUES ('ZNO-0031', 'zno', 100, 'g', NULL, 'received', '2026-11-28 11:16:48.164166+00');
INSERT INTO public.lot VALUES ('SIO2-0205', 'sio2', 500, 'g', NULL, 'received', '2026-11-28 11:16:49.808085+00');
INSERT INTO public.lot VALUES ('NH4H2PO4-0089', 'nh4h2po4', 500, 'g', NULL, 'received', '2026-11-28 11:17:03.641979+00');
INSERT INTO public.lot VALUES ('PVA-0007', 'pva', 500, 'g', NULL, 'received', '2026-11-28 11:17:11.970697+00');
INSERT INTO public.lot VALUES ('ETOH-0301', 'ethanol', 5000, 'ml', NULL, 'received', '2026-11-28 11:17:13.787013+00');
INSERT INTO public.lot VALUES ('IMG-0550', 'img_glue', 40000, 'ul', NULL, 'received', '2026-11-28 11:17:20.573332+00');
INSERT INTO public.lot VALUES ('NAFOIL-0021', 'na_foil', 300, 'count', NULL, 'received', '2026-11-28 11:17:22.002193+00');
INSERT INTO public.lot VALUES ('NADISC-0014', 'na_disc', 100, 'count', NULL, 'received', '2026-11-28 11:17:30.256477+00');
INSERT INTO public.lot VALUES ('NFM-0077', 'nfm_cathode', 250, 'count', NULL, 'received', '2026-11-28 11:17:34.794696+00');
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (1, '01a21ff8-c46f-7eea-a5a7-1713f0a0a8ba', 'org.halite.record_sealed.v1', '12', 'halite/v1/pilot/ev/trace/p/08/file/record_sealed', '{"specversion":"1.0","id":"01a21ff8-c46f-7eea-a5a7-1713f0a0a8ba","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"12","partitionkey":"12","time":"2026-11-28T09:27:33.520857Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":12,"root_sha256":"d650ae29960deb260e3c86259c146c9145b7da832d9c9faba0583de782a9c891","previous_root_sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","count":12,"sealed_at":"2026-11-28T09:26:07.978233Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"d09ef4fc78f1b4674960ec4b878f82901e7866626438c8a1d32969bf88fb6463eba46e7321cbd3bc17e521f1d069a11dcad7b9a93cd3abbbe33105b5b7e46b0a"}}', '2026-11-28 02:25:26.645586+00', 1);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (149, '01a21ffb-ea71-7d74-af0e-f045f30e515a', 'org.halite.record_sealed.v1', '1255', 'halite/v1/pilot/ev/trace/p/08/file/record_sealed', '{"specversion":"1.0","id":"01a21ffb-ea71-7d74-af0e-f045f30e515a","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"1255","partitionkey":"1255","time":"2026-12-01T23:26:01.350054Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":1255,"root_sha256":"5b3c174e13261a7a15dc64f2145526678245ff66c1ecaeec3330bb11626c042b","previous_root_sha256":"c66b4101cbda6b54ea4ec6352e39f4050d036ea92bfe3480b912496f366a6f45","count":1255,"sealed_at":"2026-12-01T23:24:03.009861Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"999762d1b758530cb71fe1a67624364f3c555c4490bc4bd8450fbc603eeb4cb8d30c41ea6489e12a34ceb32c5d084f9daa312e8e96bd917e1f9e0c6fe000b10f"}}', '2026-11-28 02:28:52.978302+00', 149);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (2, '01a21ff8-d0b0-7954-a655-972a67205a7b', 'org.halite.record_sealed.v1', '17', 'halite/v1/pilot/ev/trace/p/14/file/record_sealed', '{"specversion":"1.0","id":"01a21ff8-d0b0-7954-a655-972a67205a7b","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"17","partitionkey":"17","time":"2026-11-28T10:46:00.512056Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":17,"root_sha256":"482961609dca769bcc295c5595d8938bae1055f3eb3038ae338dfe7456e9745f","previous_root_sha256":"d650ae29960deb260e3c86259c146c9145b7da832d9c9faba0583de782a9c891","count":17,"sealed_at":"2026-11-28T10:45:31.380813Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"07ee0ca0e64ff008f346751218c40460b8728ffb4301d1a3898ff74b3d28143b47a8c6833ed626833197789472c469540acbe625cba7c2a5b3083597ccb6f30d"}}', '2026-11-28 02:25:29.782136+00', 2);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (3, '01a21ff8-d4d5-7f98-9915-41cf42261bc3', 'org.halite.record_sealed.v1', '27', 'halite/v1/pilot/ev/trace/p/00/file/record_sealed', '{"specversion":"1.0","id":"01a21ff8-d4d5-7f98-9915-41cf42261bc3","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"27","partitionkey":"27","time":"2026-11-28T11:12:31.492176Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":27,"root_sha256":"8717f7c851aef83ef4dd235fb22c9cdc20c3790374dcb11358c497fad025bedb","previous_root_sha256":"482961609dca769bcc295c5595d8938bae1055f3eb3038ae338dfe7456e9745f","count":27,"sealed_at":"2026-11-28T11:11:38.820655Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"2ba4df2979527d21478666bf3512b57eb65fc4f34e1bc54c032122598e0804650271db327b090fcb24eb4d0a12702d50d2f6d96ecb9393a3136ba6455e25aa0e"}}', '2026-11-28 02:25:30.838159+00', 3);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (150, '01a21ffb-eaec-7f66-80ca-6eb10b480f2f', 'org.halite.record_sealed.v1', '1256', 'halite/v1/pilot/ev/trace/p/03/file/record_sealed', '{"specversion":"1.0","id":"01a21ffb-eaec-7f66-80ca-6eb10b480f2f","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"1256","partitionkey":"1256","time":"2026-12-01T23:29:06.428415Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":1256,"root_sha256":"b8fd9c7270dace3890f9a18702ae4b604b9e9fd307c4066074f3c2f271785a60","previous_root_sha256":"5b3c174e13261a7a15dc64f2145526678245ff66c1ecaeec3330bb11626c042b","count":1256,"sealed_at":"2026-12-01T23:26:40.746195Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"ebc3621e5e07d6aca0d3792bc9f3cb779999fbe64ada9e8a62afa6ebb6152d57b7072bec2c186a2bada518a1e73cd100afe1738c27186c2b8bcc1313ac6c7504"}}', '2026-11-28 02:28:53.106409+00', 150);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (4, '01a21ff8-d8e3-7a13-8d16-8d1a1de2216e', 'org.halite.record_sealed.v1', '61', 'halite/v1/pilot/ev/trace/p/04/file/record_sealed', '{"specversion":"1.0","id":"01a21ff8-d8e3-7a13-8d16-8d1a1de2216e","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"61","partitionkey":"61","time":"2026-11-28T11:38:28.633558Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":61,"root_sha256":"ca1b89930352d27423371b450ec7847475ee8cdc4f344c8eb18cd93843668db8","previous_root_sha256":"8717f7c851aef83ef4dd235fb22c9cdc20c3790374dcb11358c497fad025bedb","count":61,"sealed_at":"2026-11-28T11:37:54.542901Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"da8caa54ad6170e4b9623ce017e0d92869ab69b51fe6afdc14a8ccf72f98050f3c3194096597c7aceb3d85e474a4b234411e60f7caa424d376544085afca820c"}}', '2026-11-28 02:25:31.876598+00', 4);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (5, '01a21ff8-dceb-7575-bdaf-cc8cb6900cb8', 'org.halite.record_sealed.v1', '63', 'halite/v1/pilot/ev/trace/p/00/file/record_sealed', '{"specversion":"1.0","id":"01a21ff8-dceb-7575-bdaf-cc8cb6900cb8","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"63","partitionkey":"63","time":"2026-11-28T12:04:16.056346Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":63,"root_sha256":"4d211f8983b940d48d3a49528cc75e277780e8a2010a1e2549f4b3d06824a395","previous_root_sha256":"ca1b89930352d27423371b450ec7847475ee8cdc4f344c8eb18cd93843668db8","count":63,"sealed_at":"2026-11-28T12:04:07.042581Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"08d70847522a466397eab4ee96655d0b26f7104cd18d3761f548fde8ac77a32a8ada9791f453e2aba6bd0addd9d7fee8d95807e4b66ad82a7fd5a9f1877a3506"}}', '2026-11-28 02:25:32.908447+00', 5);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (152, '01a21ffb-eb79-7563-a1b8-a8c9ed11144c', 'org.halite.record_sealed.v1', '1261', 'halite/v1/pilot/ev/trace/p/10/file/record_sealed', '{"specversion":"1.0","id":"01a21ffb-eb79-7563-a1b8-a8c9ed11144c","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"1261","partitionkey":"1261","time":"2026-12-01T23:32:37.084722Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":1261,"root_sha256":"8b478d3f3e0e32f523e511c3b39a40b7582bb636e138c816674d9586cda11f0b","previous_root_sha256":"5320aa487327f6fe682560f5dd7af08dd5717c26a010877304325ef88f588998","count":1261,"sealed_at":"2026-12-01T23:31:21.134703Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"eb8d1052e2bd133cd9ddad52b9e1ca973da2f0b671351f5f4adff23bf3bb0ae3bc216782383918cab84abca394b0686cc7164c8767c49953802ce3c52d29200c"}}', '2026-11-28 02:28:53.24221+00', 152);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (7, '01a21ff9-004c-71c6-8a47-5b4a6ad8a699', 'org.halite.record_sealed.v1', '77', 'halite/v1/pilot/ev/trace/p/00/file/record_sealed', '{"specversion":"1.0","id":"01a21ff9-004c-71c6-8a47-5b4a6ad8a699","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"77","partitionkey":"77","time":"2026-11-28T15:50:42.030628Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":77,"root_sha256":"62c821e6e498a703a1d1062d9f39df39462d07b46c8703e47c74d578b4be1210","previous_root_sha256":"344cd66974dfc4f26ded9f2ecd562e9d58bdf0d8e993126fa8ad59868f2f1683","count":77,"sealed_at":"2026-11-28T15:50:35.687436Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"38a5e9c38e31eddcf3f8926b6b0ef49b8c6fa4c82e8a064204e21d8d525f698185610f860084c19c1a78484ad4cf29703dbfba131814c3ca4d57435e0d860e06"}}', '2026-11-28 02:25:41.964965+00', 7);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (163, '01a21ffb-f877-784b-be23-6622b43a019e', 'org.halite.record_sealed.v1', '1287', 'halite/v1/pilot/ev/trace/p/09/file/record_sealed', '{"specversion":"1.0","id":"01a21ffb-f877-784b-be23-6622b43a019e","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"1287","partitionkey":"1287","time":"2026-12-02T00:55:45.552750Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":1287,"root_sha256":"4b1b9f78f2ad8491e4a47f6a5f24fd8d0b2cad28d074d83b3f0f7ae3aa3919fe","previous_root_sha256":"2d4ccaffdd156d50cea4de6b2648af8b53255e76445405ad304831a410d01c98","count":1287,"sealed_at":"2026-12-02T00:54:03.502611Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"0fc715f016c013b93586c44c1b1c4de631f35904b47e8e88848e41349c1134c64b59f9764aa0ff54d0ba3b89f3b8373b4d9a5a658cf422459f149e1b4c5d6d0c"}}', '2026-11-28 02:28:56.568507+00', 163);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (8, '01a21ff9-278c-7a51-b3cf-ce617f072f4a', 'org.halite.record_sealed.v1', '83', 'halite/v1/pilot/ev/trace/p/14/file/record_sealed', '{"specversion":"1.0","id":"01a21ff9-278c-7a51-b3cf-ce617f072f4a","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"83","partitionkey":"83","time":"2026-11-28T20:01:53.044005Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":83,"root_sha256":"5278d27e39cc05997b93963a1c7bcfcde5b683475be70c715cd1315a759c2de6","previous_root_sha256":"62c821e6e498a703a1d1062d9f39df39462d07b46c8703e47c74d578b4be1210","count":83,"sealed_at":"2026-11-28T20:01:43.307818Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"a6ddb9e94166e31b38aacf4ec58df057a8c764c2abbd64afc0ae5dbfe46a0aea70a211e3f53d65864616594c1242abbfd982347a1e5649bdf9c07988d9641301"}}', '2026-11-28 02:25:52.01244+00', 8);
INSERT INTO public.outbox OVERRIDING SYSTEM VALUE VALUES (164, '01a21ffb-f8e3-7106-8b0d-bdcef59eadfe', 'org.halite.record_sealed.v1', '1288', 'halite/v1/pilot/ev/trace/p/03/file/record_sealed', '{"specversion":"1.0","id":"01a21ffb-f8e3-7106-8b0d-bdcef59eadfe","source":"/halite/trace","type":"org.halite.record_sealed.v1","subject":"1288","partitionkey":"1288","time":"2026-12-02T00:58:28.143574Z","datacontenttype":"application/json","correlationid":null,"causationid":null,"traceparent":null,"data":{"position":1288,"root_sha256":"17ec38b30e968ed86bfc5d8f7704bdc159292895dcacc51ae712f64a8c72129b","previous_root_sha256":"4b1b9f78f2ad8491e4a47f6a5f24fd8d0b2cad28d074d83b3f0f7ae3aa3919fe","count":1288,"sealed_at":"2026-12-02T00:56:06.252432Z","key_id":"245de98368e1f032cb4efce523577f7d9d1d1cf73cb5094a5d414b17734b10ac","signature":"d8a2a50aef3e00a67b10f03a1f612fc42181811e73da5586b2b28a7e7c94ccd8513b4ab53ca1749f2e76eedec8a85d232d906a1b44f7c6f837c4972213c6470d"}}', '2026-11-28 02:28:56.679078+00', 164);
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (3, '01a21ff8-bceb-7662-bcb5-42834dde1c4b', 'spray', 1, 'org.halite.equipment_state_changed.v1', 'pilot/dryroom/spray/eap-1', '2026-11-28 08:39:28.402954+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:39:04.510630Z","data_quality":"unknown","equipment_id":"pilot/dryroom/spray/eap-1","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bceb-7662-bcb5-42834dde1c4b","partitionkey":"pilot/dryroom/spray/eap-1","sequence":1,"source":"/halite/spray","specversion":"1.0","subject":"pilot/dryroom/spray/eap-1","time":"2026-11-28T08:39:28.402954Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (4, '01a21ff8-bcf7-775d-b46b-fdf176b66c10', 'spray', 2, 'org.halite.equipment_state_changed.v1', 'pilot/dryroom/spray/eap-2', '2026-11-28 08:39:45.687724+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:39:09.611946Z","data_quality":"unknown","equipment_id":"pilot/dryroom/spray/eap-2","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bcf7-775d-b46b-fdf176b66c10","partitionkey":"pilot/dryroom/spray/eap-2","sequence":2,"source":"/halite/spray","specversion":"1.0","subject":"pilot/dryroom/spray/eap-2","time":"2026-11-28T08:39:45.687724Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (1, '01a21ff8-b7af-7626-9c55-f0f50c711fea', 'lamination', 1, 'org.halite.equipment_state_changed.v1', 'pilot/dryroom/assembly/laminator-1', '2026-11-28 08:05:57.668125+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:04:40.400727Z","data_quality":"unknown","equipment_id":"pilot/dryroom/assembly/laminator-1","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-b7af-7626-9c55-f0f50c711fea","partitionkey":"pilot/dryroom/assembly/laminator-1","sequence":1,"source":"/halite/lamination","specversion":"1.0","subject":"pilot/dryroom/assembly/laminator-1","time":"2026-11-28T08:05:57.668125Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (5, '01a21ff8-b7ae-75f9-a113-bd9fc00b4cf2', 'lamination', 2, 'org.halite.equipment_state_changed.v1', 'pilot/dryroom/assembly/sealer-1', '2026-11-28 08:05:56.733108+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:04:41.158377Z","data_quality":"unknown","equipment_id":"pilot/dryroom/assembly/sealer-1","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-b7ae-75f9-a113-bd9fc00b4cf2","partitionkey":"pilot/dryroom/assembly/sealer-1","sequence":2,"source":"/halite/lamination","specversion":"1.0","subject":"pilot/dryroom/assembly/sealer-1","time":"2026-11-28T08:05:56.733108Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (2, '01a21ff8-bdb4-7c46-a062-bc14ae2c3ba9', 'sintering', 1, 'org.halite.equipment_state_changed.v1', 'pilot/furnaces/inspection/gauge-1', '2026-11-28 08:44:29.187739+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:43:55.682110Z","data_quality":"unknown","equipment_id":"pilot/furnaces/inspection/gauge-1","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bdb4-7c46-a062-bc14ae2c3ba9","partitionkey":"pilot/furnaces/inspection/gauge-1","sequence":1,"source":"/halite/sintering","specversion":"1.0","subject":"pilot/furnaces/inspection/gauge-1","time":"2026-11-28T08:44:29.187739Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (6, '01a21ff8-bdb6-7bb1-97ad-33455a634cae', 'sintering', 2, 'org.halite.equipment_state_changed.v1', 'pilot/powder/milling/mill-2', '2026-11-28 08:44:32.216038+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:43:51.786634Z","data_quality":"unknown","equipment_id":"pilot/powder/milling/mill-2","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bdb6-7bb1-97ad-33455a634cae","partitionkey":"pilot/powder/milling/mill-2","sequence":2,"source":"/halite/sintering","specversion":"1.0","subject":"pilot/powder/milling/mill-2","time":"2026-11-28T08:44:32.216038Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (7, '01a21ff8-bdb5-7116-ae3d-d94e25ec1d6e', 'sintering', 3, 'org.halite.equipment_state_changed.v1', 'pilot/powder/milling/mill-1', '2026-11-28 08:44:31.657644+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:43:29.100225Z","data_quality":"unknown","equipment_id":"pilot/powder/milling/mill-1","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bdb5-7116-ae3d-d94e25ec1d6e","partitionkey":"pilot/powder/milling/mill-1","sequence":3,"source":"/halite/sintering","specversion":"1.0","subject":"pilot/powder/milling/mill-1","time":"2026-11-28T08:44:31.657644Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (8, '01a21ff8-bdba-75f1-b366-701980583baf', 'sintering', 4, 'org.halite.equipment_state_changed.v1', 'pilot/furnaces/heat/furnace-1', '2026-11-28 08:44:38.407461+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:43:53.939269Z","data_quality":"unknown","equipment_id":"pilot/furnaces/heat/furnace-1","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bdba-75f1-b366-701980583baf","partitionkey":"pilot/furnaces/heat/furnace-1","sequence":4,"source":"/halite/sintering","specversion":"1.0","subject":"pilot/furnaces/heat/furnace-1","time":"2026-11-28T08:44:38.407461Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (9, '01a21ff8-bdb6-7586-97b6-2e17188cdc53', 'sintering', 5, 'org.halite.equipment_state_changed.v1', 'pilot/powder/drying/dryer-1', '2026-11-28 08:44:32.649175+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:43:52.772172Z","data_quality":"unknown","equipment_id":"pilot/powder/drying/dryer-1","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bdb6-7586-97b6-2e17188cdc53","partitionkey":"pilot/powder/drying/dryer-1","sequence":5,"source":"/halite/sintering","specversion":"1.0","subject":"pilot/powder/drying/dryer-1","time":"2026-11-28T08:44:32.649175Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (10, '01a21ff8-bdc7-773c-9e7c-ad06f18f406b', 'sintering', 6, 'org.halite.equipment_state_changed.v1', 'pilot/furnaces/heat/furnace-2', '2026-11-28 08:44:58.366723+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:43:54.394924Z","data_quality":"unknown","equipment_id":"pilot/furnaces/heat/furnace-2","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bdc7-773c-9e7c-ad06f18f406b","partitionkey":"pilot/furnaces/heat/furnace-2","sequence":6,"source":"/halite/sintering","specversion":"1.0","subject":"pilot/furnaces/heat/furnace-2","time":"2026-11-28T08:44:58.366723Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (11, '01a21ff8-bdc7-70de-bb16-dd1d5d0e4191', 'sintering', 7, 'org.halite.equipment_state_changed.v1', 'pilot/furnaces/heat/furnace-3', '2026-11-28 08:44:57.902295+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:43:55.243894Z","data_quality":"unknown","equipment_id":"pilot/furnaces/heat/furnace-3","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bdc7-70de-bb16-dd1d5d0e4191","partitionkey":"pilot/furnaces/heat/furnace-3","sequence":7,"source":"/halite/sintering","specversion":"1.0","subject":"pilot/furnaces/heat/furnace-3","time":"2026-11-28T08:44:57.902295Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.record OVERRIDING SYSTEM VALUE VALUES (12, '01a21ff8-bdd3-7a86-a299-8460bd1b6a79', 'sintering', 8, 'org.halite.equipment_state_changed.v1', 'pilot/powder/pressing/press-1', '2026-11-28 08:45:15.921234+00', '{"causationid":null,"correlationid":null,"data":{"changed_at":"2026-11-28T08:43:53.380740Z","data_quality":"unknown","equipment_id":"pilot/powder/pressing/press-1","reason":"station does not answer","software_version":null,"state":"standby"},"datacontenttype":"application/json","id":"01a21ff8-bdd3-7a86-a299-8460bd1b6a79","partitionkey":"pilot/powder/pressing/press-1","sequence":8,"source":"/halite/sintering","specversion":"1.0","subject":"pilot/powder/pressing/press-1","time":"2026-11-28T08:45:15.921234Z","traceparent":null,"type":"org.halite.equipment_state_changed.v1"}');
INSERT INTO public.relay VALUES ('number', 207);
INSERT INTO public.relay VALUES ('publish', 207);
INSERT INTO public.seal VALUES (12, 12, '\xd650ae29960deb260e3c86259c146c9145b7da832d9c9faba0583de782a9c891', '\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', '{1,2,3,4,5,6,7,8,9,10,11,12}', '\xb770072fe234f78b891bbbcc003ac60959d05ead3d3ff361b8f0d1aefb73e2f1d61564e561fec69f111dd41ab51d135b3dcc0d9a8309ed27ac88251edae8996ea43e8ff6c1bfd30b06ec6bdc4bfa10c8c54b70775d4efd342ea74cdbb3a64a114bce3de472189f328117528ce2782dff5e463765634fa8d845cbe83c8ad6defdfeb80cf4188f6d92a4ba17f1d6d2df674deea51d91e58e3f477bd488dcf165101fa2fabec6a286e41c9b60bbd82b6a24e757587fee09945584ac4153eb8aac5faa86d77a07c0ed83fc69c23c3f953e275801c8debab6b63e5f96148310973632b3c427c1a291f3105a80539b6c1484a93c5208ce8ff3b753d9d717f76a87bc263a30a26a767ad2ee7ee2413ad10d3338789462f5c9f8ae8fde8ba87fc86c6dcbbd4356c35bcf08ca0a5c2a35e0fc4e92d5a918fc21ba5405de1865a799f7250beeb9f1d13e6d9c0b9ce10c5c2d1adc0d5ca75a2af90af0674a21bc3471400b649177958140f99ab1a899b3cede0793e7c3b0eec4fd078373d2488259b788da90', '\x86c02a25072b8ae405a646b7ae7173b1569eac3240399c49f655585be5a496613925d01bc8ce5aa81d38b861db849fb29c03b37859cea0db99383c51e9b4f370', '2026-11-28 09:26:07.978233+00');
INSERT INTO public.seal VALUES (17, 17, '\x482961609dca769bcc295c5595d8938bae1055f3eb3038ae338dfe7456e9745f', '\xd650ae29960deb260e3c86259c146c9145b7da832d9c9faba0583de782a9c891', '{13,14,15,16,17}', '\x9e23235777bee740217590c5aedd361d8c4aac42239298b4921231889e6e1ca7e702097156e088a3d9e7931f5595823609488e8301808e4f76de478be98e3be6702bd85383a4b38750bd2d7f305873ecd541970f789f480f0b270339d7d999d9d919b2a3bffb2d3eaac806aa72d336f08d05844a7454a8871b165caa735e0c0e6a996ead6bb9535bd333a59fee044b21b686e10f38c6656340d9d8886d53dfae', '\x37e636e3cc6bd299e769a60605fd0ad99e06228009e5d5d6226eb16894b2a6c96a996ead6bb9535bd333a59fee044b21b686e10f38c6656340d9d8886d53dfae', '2026-11-28 10:45:31.380813+00');
INSERT INTO public.seal VALUES (27, 27, '\x8717f7c851aef83ef4dd235fb22c9cdc20c3790374dcb11358c497fad025bedb', '\x482961609dca769bcc295c5595d8938bae1055f3eb3038ae338dfe7456e9745f', '{18,19,20,21,22,23,24,25,26,27}', '\x6960e9e3ed17edad9f1a0d0f39bafabd459cf9b0c909ebb3eb02b2095a66279a1d9448f26f9045473f77a3d4f80ff3ae3fbe2b8e3a1affbb3548cf427dfae8459ac786d397bcd294771cf74b88a382509da5ced1a101dd8df08edc2867f356deded998e8e069e9e5c8f72f77a9932d4793b28d30f4c09942ba52e2e74476d6e3c1ec4ed07f5a64e45cbb5b57d7fba205398c664051b015de8119dfdcf3d5826911ef93bd0721f419937d411cfd0f8c1f45dde511c3ad4ee0a444372a76d7fc4669e8da9e0eddf158d66835c9565b3b0fe2d9bf09e00ec103edcf22148b5b3a8985592808793668a16cf4ebffc688c44bff37cbf4391f852fdb0d97624a788143a5e0911fd51863b33ccf4d0418ca8a452fc9e87cfe3f69082a34fce3765e6c4f40f5b70becd29eaedd20ae5fdc46cebda99232a4ea98ac7943ea827f07022bf4', '\x37e636e3cc6bd299e769a60605fd0ad99e06228009e5d5d6226eb16894b2a6c960b63479c5ecdde00e3e00ba3a39c3eb686d5177c9e9bf192810a000e97e545f9f559fd9e1fe20f239111c155987b4dbefb11fce4baf10cf585f81efd2093e9340f5b70becd29eaedd20ae5fdc46cebda99232a4ea98ac7943ea827f07022bf4', '2026-11-28 11:11:38.820655+00');
INSERT INTO public.seal VALUES (63, 63, '\x4d211f8983b940d48d3a49528cc75e277780e8a2010a1e2549f4b3d06824a395', '\xca1b89930352d27423371b450ec7847475ee8cdc4f344c8eb18cd93843668db8', '{62,63}', '\xb615253965ef1da792a5b30ff4e5e88d6b4ec82ca48647c53a9b6f855114e4316630d7b21fe65bbd316e0206e78547e7da99d646fadd6e352780c7c1a7ac7aba', '\xb8bfeb96c13e66de42fb00cbcee7d3dc13004171deb00609f60184b56507bbf305a9af538c6d0bdaaf284106ece93106e9f02f4b3de7bf19ab0811abc6d9f7e6bf73bca6ed8baab775f2bf1b19046441df3a104b37e35de515af6b0b7d2b3871a9041f3286ed970c7eace0b425fe80d2b6942dd5a58fa3f467ff6fa70b4d212dd8431773bfedfa01e1c663fca712c65635a27f5c98bc977f0e46180ace8d7f1e6630d7b21fe65bbd316e0206e78547e7da99d646fadd6e352780c7c1a7ac7aba', '2026-11-28 12:04:07.042581+00');
INSERT INTO public.seal VALUES (65, 65, '\x344cd66974dfc4f26ded9f2ecd562e9d58bdf0d8e993126fa8ad59868f2f1683', '\x4d211f8983b940d48d3a49528cc75e277780e8a2010a1e2549f4b3d06824a395', '{64,65}', '\xf047e0cc05d430e13607303ba3aadd52116730d352639e61e28aeb2005d45f6cbf591408c4ff0f38425fabd359ce60516bb5e4fa0816a34efc30e24553577a6f', '\x53fe46ae8693a055e866d6b97ab0fabc513adaa1299f6099664c0ca83825669dbf591408c4ff0f38425fabd359ce60516bb5e4fa0816a34efc30e24553577a6f', '2026-11-28 12:29:25.262184+00');
INSERT INTO public.seal VALUES (77, 77, '\x62c821e6e498a703a1d1062d9f39df39462d07b46c8703e47c74d578b4be1210', '\x344cd66974dfc4f26ded9f2ecd562e9d58bdf0d8e993126fa8ad59868f2f1683', '{66,67,68,69,70,71,72,73,74,75,76,77}', '\x027e2eb735584bf8ed65ed1e7502d16b279391a7af25229ae7a6c23960e1a520381dc66c61505914c75a8c9711864461fb58a03a1c74e86ddb6ae07125d5710d6563c503fa0ac5fd9c53d645b8ce8eca597bb0a813a6c438076b411a13edab9a56e3706f767a7b143ae32348c8d25b576f8d56e43132bead6099b8051d59be31060c53d6a4f2c9d93ecadc81a4163ffd8875ece78da47540710701a2589cee4c36810d02c0bf7c3394f2af26d41a91414cdc2f9353e9be8822a5127c652ed901441a005351bbce2f4e4a587eab07b424375b3ee63f930507d7c9a5de3c4f9f22bbb04408c042186b8b0add4db6172e79b158c409e01c6d06f845e9d5dd53c1912a7ba582b5e03c847eb3a5744eac00e5e60406edcf7dcd97b5c95369f3be55a51de684a0747c5a64ce2ac95e6c8199f6cf9a4233d5dca8f8e91377f24b213465c59355d0dc4e12a79b018a95ce00657e2d892cec23a412c9e2e7ab99aed39e796ae959ee610bf2a73a8d71e6c8de8a50c765eac4c892540e18e8fca4d1740728', '\x53fe46ae8693a055e866d6b97ab0fabc513adaa1299f6099664c0ca83825669d0ce6614d548edbed361dbb49a410acc9b66798a8bf561df133d0a093993401af085f9fe6a37e5a64991748bad34a956f71c275ef5f59a66a6eb9758535b7420e6ae959ee610bf2a73a8d71e6c8de8a50c765eac4c892540e18e8fca4d1740728', '2026-11-28 15:50:35.687436+00');
INSERT INTO public.seal VALUES (83, 83, '\x5278d27e39cc05997b93963a1c7bcfcde5b683475be70c715cd1315a759c2de6', '\x62c821e6e498a703a1d1062d9f39df39462d07b46c8703e47c74d578b4be1210', '{78,79,80,81,82,83}', '\x39de53700bbdf1a6f6f413b70e99e35d042505c64b00e1057ff4d8e67a6dce33fe06fb41277c6b60d60bdb0aa935a4ab9e14e1aa24a9ef08af771ae1db0c77b1966381b88007f2b2268e6121ff6729516f387e13887ca7303d297edbb4d80008549d6534565c424830c5a9f62a572ad2bfa3950364cfed5f49bab95d645748b8232a6037419269bff0632e371f4c1c65391e7a2a71a28b07a78d25bf9e150cb612d0ef744c139f1b17fe9378d5969215e11b1f82022b6f00e412961d69a5e6b5', '\x53fe46ae8693a055e866d6b97ab0fabc513adaa1299f6099664c0ca83825669ddda76d36e4aa598bd99b09da37048a39c8d173abf69ed5457ec02d4ed0ca93a4f10c4b01fa281db7e4565608a8db38f6bdce86c2d2090885f855de040c413ab112d0ef744c139f1b17fe9378d5969215e11b1f82022b6f00e412961d69a5e6b5', '2026-11-28 20:01:43.307818+00');
INSERT INTO public.seal VALUES (87, 87, '\x1014b1bf4cfd7a9d37ede211643b559106ca5ae3513dda6283fc22e60a71977c', '\x5278d27e39cc05997b93963a1c7bcfcde5b683475be70c715cd1315a759c2de6', '{84,85,86,87}', '\x248a5fe355ad880071d4803e5abb2b6f5c6e5c65335f652ea583574dde542a024cf61189cfafaffd7555f916f8912cf26938c9eb9b1a9b29cb2892099916be2598e432c0a4762b6108cb909f3bfe13e30416c239405fdf1689d451812d5c2e05d4810e307d3d65a9793f1e5fb2c937e778a67bb7775261d9e8be77f1b70cc446', '\x53fe46ae8693a055e866d6b97ab0fabc513adaa1299f6099664c0ca83825669ddda76d36e4aa598bd99b09da37048a39c8d173abf69ed5457ec02d4ed0ca93a4ae70dbe5ca4e6a0493fc9cf98137eff6e38e6ea8d4016a1c87aa7227cf9807e0688088bd92be90a5168c16c653939035088a6026ffa89ba5a56194f84fe8f0c6d4810e307d3d65a9793f1e5fb2c937e778a67bb7775261d9e8be77f1b70cc446', '2026-11-28 20:52:18.916575+00');
INSERT INTO public.seal VALUES (91, 91, '\x99e121abb99c540413c99f1228a1191528713626ec8f2aa081fa21d3c84eb800', '\x1014b1bf4cfd7a9d37ede211643b559106ca5ae3513dda6283fc22e60a71977c', '{88,89,90,91}', '\x0604c8dfb767062ad559190a7b8ebe9cbd9c4bedcaaa10f0fe2e5e47d63da3d8607a46b4cde21e95cd17fe906283cc9b492ad7eff0127048eccb21c8e9c6c75d57c8b9961f78c993d3171e01b67497215c4cb1b4b35954c726d5b9c703f8c63efab721baf22d97fc5a6cd101630fab41cb5292039d6549d31f131a1815d09bb1', '\x53fe46ae8693a055e866d6b97ab0fabc513adaa1299f6099664c0ca83825669ddda76d36e4aa598bd99b09da37048a39c8d173abf69ed5457ec02d4ed0ca93a4151129e34d4ffb406f47f339fa14275fcbbf48165971fbaf8ac1c8680a305633a975272b52ade06651c6b3379c04fe19218cfc795e721bbdd61f390048c2520bfab721baf22d97fc5a6cd101630fab41cb5292039d6549d31f131a1815d09bb1', '2026-11-28 23:48:45.509115+00');
INSERT INTO public.seal VALUES (578, 578, '\xe2b00d1ef63925ca9ef1ecfcef87fe304d35595d0ee9accc97a98350ea7c357f', '\xbf8f53b9818040602e3d8fba5bb926ec0fc000b0b4b4efdb485f58a2ee53461b', '{578}', '\x7ccd61199159b61a745e5fd2c5c7c454be860f926e5071bddf8572555ce6a614', '\xe640b4b57c742c6868a1e050f123279b74d0a48c4150c08345c0c63eabd0c7d36ae0952b21377fbb24b3931b10275c74916a9674d4f1b307022c8a388805581666196956e34108ab4fc4589bd5a61348a23455d999f6739bbb885cac511ae982', '2026-12-01 04:03:17.652967+00');
INSERT INTO public.seal VALUES (93, 93, '\xab9c12ba08483603c47a168fa6235327e30979fac829533bb410ce999f1747c1', '\x99e121abb99c540413c99f1228a1191528713626ec8f2aa081fa21d3c84eb800', '{92,93}', '\xab287c3216d0cba2ec864bec9b58466bb0487f1e696a1f33bd1ac59e0f8985a942cae52441ac653a2e9f207d69723e34c95a93f375c62858f855feec39361c7c', '\x53fe46ae8693a055e866d6b97ab0fabc513adaa1299f6099664c0ca83825669ddda76d36e4aa598bd99b09da37048a39c8d173abf69ed5457ec02d4ed0ca93a4151129e34d4ffb406f47f339fa14275fcbbf48165971fbaf8ac1c8680a305633826cf1c533b948a2a5499e8e6e576524854eaffeea9b635f1eaf509208e9ec9842cae52441ac653a2e9f207d69723e34c95a93f375c62858f855feec39361c7c', '2026-11-29 00:39:19.955515+00');
INSERT INTO public.seal VALUES (95, 95, '\xe2368a5ab09e078efbb8d8daf0846c280da299932acf878dbd3c98e68174bc09', '\xab9c12ba08483603c47a168fa6235327e30979fac829533bb410ce999f1747c1', '{94,95}', '\xa1ace2de1484d636f1e90c43df1324e10c540a38f393699ca8a7317575629373d50367da3a7edb6b89f85d1ac2aee35c920c2233916c133528745c3adbc5994c', '\x53fe46ae8693a055e866d6b97ab0fabc513adaa1299f6099664c0ca83825669ddda76d36e4aa598bd99b09da37048a39c8d173abf69ed5457ec02d4ed0ca93a4151129e34d4ffb406f47f339fa14275fcbbf48165971fbaf8ac1c8680a305633826cf1c533b948a2a5499e8e6e576524854eaffeea9b635f1eaf509208e9ec982a18c381d2da74b2f6fccd09d69c9bc9b4d48fc2906590b74f857a5303d34e66d50367da3a7edb6b89f85d1ac2aee35c920c2233916c133528745c3adbc5994c', '2026-11-29 01:04:41.30239+00');
INSERT INTO public.service_version VALUES ('0001');
SELECT pg_catalog.setval('public.outbox_id_seq', 1, false);
SELECT pg_catalog.setval('public.record_position_seq', 1, false);
ALTER TABLE ONLY public.command
    ADD CONSTRAINT command_pkey PRIMARY KEY (key);
ALTER TABLE ONLY public.cursor
    ADD CONSTRAINT cursor_pkey PRIMARY KEY (source);
ALTER TABLE ONLY public.genealogy_edge
    ADD CONSTRAINT genealogy_edge_pkey PRIMARY KEY (event_id, parent_lot_id, child_lot_id, unit);
ALTER TABLE ONLY public.genealogy_step
    ADD CONSTRAINT genealogy_step_pkey PRIMARY KEY (event_id, lot_id, use);
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
ALTER TABLE ONLY public.record
    ADD CONSTRAINT record_event_id_key UNIQUE (event_id);
ALTER TABLE ONLY public.record_job_order
    ADD CONSTRAINT record_job_order_pkey PRIMARY KEY (job_order_id, "position");
ALTER TABLE ONLY public.record_lot
    ADD CONSTRAINT record_lot_pkey PRIMARY KEY (lot_id, "position");
ALTER TABLE ONLY public.record
    ADD CONSTRAINT record_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY public.record
    ADD CONSTRAINT record_source_sequence_key UNIQUE (source, sequence);
ALTER TABLE ONLY public.relay
    ADD CONSTRAINT relay_pkey PRIMARY KEY (duty);
ALTER TABLE ONLY public.seal
    ADD CONSTRAINT seal_pkey PRIMARY KEY ("position");
ALTER TABLE ONLY public.service_version
    ADD CONSTRAINT service_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.set_aside
    ADD CONSTRAINT set_aside_pkey PRIMARY KEY (event_id);
CREATE INDEX genealogy_edge_child ON public.genealogy_edge USING btree (child_lot_id);
CREATE INDEX genealogy_edge_parent ON public.genealogy_edge USING btree (parent_lot_id);
CREATE INDEX genealogy_step_lot ON public.genealogy_step USING btree (lot_id, ended_at);
CREATE INDEX lot_registered ON public.lot USING btree (registered_at DESC NULLS LAST, lot_id);
CREATE INDEX outbox_unnumbered ON public.outbox USING btree (id) WHERE (sequence IS NULL);
CREATE INDEX record_job_order_position ON public.record_job_order USING btree ("position");
CREATE INDEX record_lot_position ON public.record_lot USING btree ("position");
CREATE INDEX set_aside_subject ON public.set_aside USING btree (source, subject);
CREATE TRIGGER record_in_order BEFORE INSERT ON public.record FOR EACH STATEMENT EXECUTE FUNCTION public.wait_for_sealer();
CREATE TRIGGER record_is_kept BEFORE DELETE OR UPDATE OR TRUNCATE ON public.record FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
CREATE TRIGGER seal_is_kept BEFORE DELETE OR UPDATE OR TRUNCATE ON public.seal FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
ALTER TABLE ONLY public.record_job_order
    ADD CONSTRAINT record_job_order_position_fkey FOREIGN KEY ("position") REFERENCES public.record("position");
ALTER TABLE ONLY public.record_lot
    ADD CONSTRAINT record_lot_position_fkey FOREIGN KEY ("position") REFERENCES public.record("position");
