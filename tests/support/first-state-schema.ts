/** The tables of state version 1, as the program of that version made them: what every later one must bring up. */
export const firstStateSchema = `
CREATE TABLE "schema_version" ("name" text primary key, "version" integer not null);
INSERT INTO "schema_version" VALUES ('state', 1);
CREATE TABLE "partition_state" ("partition" integer primary key, "epoch" bigint not null, "next_offset" bigint not null,
  "state" blob);
CREATE TABLE "host_section" ("partition" integer not null, "host" text not null, "section" text not null,
  "value" blob not null, constraint "host_section_key" primary key ("partition", "host", "section"));
CREATE TABLE "host_progress" ("host" text primary key, "site" text not null, "state" text not null,
  "is_approved" integer not null, "first_seen_us" bigint not null, "last_seen_us" bigint not null,
  "days_seen" integer not null, "active_hours" integer not null, "relations" integer not null, "address" text,
  "mac" text, "vendor" text);
CREATE TABLE "alert_row" ("id" text primary key, "row_key" text not null, "revision" bigint not null,
  "status" text not null, "first_seen_us" bigint not null, "last_seen_us" bigint not null, "count" bigint not null,
  "leading_json" text not null, "peers_json" text not null, "previous_id" text);
CREATE INDEX "alert_row_by_key" on "alert_row" ("row_key", "first_seen_us");
CREATE UNIQUE INDEX "alert_row_by_revision" on "alert_row" ("revision");
CREATE INDEX "alert_row_by_last_seen" on "alert_row" ("last_seen_us");
CREATE TABLE "alert_anomaly" ("id" text primary key, "alert_id" text not null, "oldest_us" bigint not null,
  "anomaly_json" text not null);
CREATE INDEX "alert_anomaly_by_alert" on "alert_anomaly" ("alert_id", "oldest_us");
CREATE TABLE "fold_position" ("partition" integer primary key, "offset" bigint not null, "index" integer not null);
CREATE TABLE "fold_ended" ("sensor" text not null, "run" text not null, "partition" integer not null,
  constraint "fold_ended_key" primary key ("sensor", "run", "partition"));
CREATE TABLE "revision_counter" ("name" text primary key, "value" bigint not null);
INSERT INTO "revision_counter" VALUES ('alert_row', 1);
`
