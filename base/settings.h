/* Every setting of both programs: one table.
 *
 * The table gives parsing and ranges (with line and column in errors), the
 * defaults, the environment names, `--print-config` and docs/settings.md.
 * Precedence: environment > file > default. Durations are kept in ms and
 * written "250ms", "2s", "5min"; sizes in bytes, written "8MiB". A SECRET may
 * be given as `<key>_file`; it is never printed. The engine is conf.[ch]. */
#ifndef BASE_SETTINGS_H
#define BASE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/defs.h"
#include "base/str.h"

struct buf;
struct err;

/*	X(field, key, TYPE, default, least, most, environment, help)
 * TYPE: TEXT, SECRET, INT, BOOL, TIME (ms), SIZE (bytes), LIST (of texts,
 * kept joined by commas), or CHOICE (help's first word lists them "a|b|c"). */
#define SETTINGS(X)                                                            \
	X(source_host, "source.host", TEXT, "127.0.0.1", 0, 0,                 \
	  "MAGENTO_DB_HOST", "server whose binlog is read")                    \
	X(source_port, "source.port", INT, "3306", 1, 65535,                   \
	  "MAGENTO_DB_PORT", "its port")                                       \
	X(source_user, "source.user", TEXT, "ficus", 0, 0, "MAGENTO_DB_USER",  \
	  "user with REPLICATION SLAVE, REPLICATION CLIENT and SELECT")        \
	X(source_password, "source.password", SECRET, "", 0, 0,                \
	  "MAGENTO_DB_PASS", "its password")                                   \
	X(source_database, "source.database", TEXT, "magento", 0, 0,           \
	  "MAGENTO_DB_NAME", "Magento's database")                             \
	X(source_table_prefix, "source.table_prefix", TEXT, "", 0, 0, "",      \
	  "table prefix of the Magento installation")                          \
	X(source_server_id, "source.server_id", INT, "0", 0, 4294967295, "",   \
	  "our server id as a replica; 0: derived from both databases")        \
	X(source_tls, "source.tls", CHOICE, "preferred", 0, 0, "",             \
	  "off|preferred|required|verify_ca|verify_identity")                  \
	X(source_tls_ca, "source.tls_ca", TEXT, "", 0, 0, "",                  \
	  "file of the certificate authorities to trust")                      \
	X(source_allow_public_key, "source.allow_public_key", BOOL, "false",   \
	  0, 0, "",                                                            \
	  "fetch the server's RSA key without TLS (caching_sha2_password)")    \
	X(source_position_mode, "source.position_mode", CHOICE, "auto", 0, 0,  \
	  "", "auto|gtid|file, how the place in the binlog is named")          \
	X(source_head_host, "source.head.host", TEXT, "", 0, 0, "",            \
	  "server Magento writes to, if the binlog comes from a replica")      \
	X(source_head_port, "source.head.port", INT, "3306", 1, 65535, "",     \
	  "its port")                                                          \
	X(source_connect_timeout, "source.connect_timeout", TIME, "5s", 100,   \
	  120000, "", "longest wait for a connection")                         \
	X(source_heartbeat, "source.heartbeat", TIME, "500ms", 50, 60000, "",  \
	  "heartbeat period of the stream; three missed end a connection")     \
	X(source_queue, "source.queue", SIZE, "16MiB", 1048576, 268435456, "", \
	  "packets read ahead of the decoder, at most")                        \
	X(target_host, "target.host", TEXT, "127.0.0.1", 0, 0,                 \
	  "MICRO_DB_HOST", "PostgreSQL server")                                \
	X(target_port, "target.port", INT, "5432", 1, 65535, "MICRO_DB_PORT",  \
	  "its port")                                                          \
	X(target_user, "target.user", TEXT, "ficus", 0, 0, "MICRO_DB_USER",    \
	  "user that owns the records")                                        \
	X(target_password, "target.password", SECRET, "", 0, 0,                \
	  "MICRO_DB_PASS", "its password")                                     \
	X(target_database, "target.database", TEXT, "ficus", 0, 0,             \
	  "MICRO_DB_NAME", "its database")                                     \
	X(target_schema, "target.schema", TEXT, "public", 0, 0, "",            \
	  "schema of the records")                                             \
	X(target_options, "target.options", TEXT, "", 0, 0, "",                \
	  "further libpq keywords, as sslmode=verify-full")                    \
	X(target_synchronous_commit, "target.synchronous_commit", BOOL,        \
	  "false", 0, 0, "", "wait for PostgreSQL's disk at each commit")      \
	X(target_connect_timeout, "target.connect_timeout", TIME, "5s", 100,   \
	  120000, "", "longest wait for a connection")                         \
	X(target_timeout, "target.timeout", TIME, "30s", 1000, 600000, "",     \
	  "a connection without any answer for so long is given up")           \
	X(sync_interval, "replication.sync_interval", TIME, "5ms", 0, 60000,   \
	  "SYNC_INTERVAL",                                                     \
	  "longest a change waits for its batch to fill; "                     \
	  "a bare number in the environment is seconds")                       \
	X(batch_size, "replication.batch_size", INT, "2000", 1, 1000000,       \
	  "BATCH_SIZE", "source transactions per commit, at most")             \
	X(batch_bytes, "replication.batch_bytes", SIZE, "8MiB", 65536,         \
	  67108864, "", "changes held in memory before they are written")      \
	X(max_value_size, "replication.max_value_size", SIZE, "16MiB", 65536,  \
	  1073741824, "", "largest single value and event accepted")           \
	X(max_retries, "replication.max_retries", INT, "3", 0, 1000,           \
	  "MAX_RETRIES",                                                       \
	  "refusals of one batch before its domain's flag "                    \
	  "goes off")                                                          \
	X(on_error, "replication.on_error", CHOICE, "dead_letter", 0, 0, "",   \
	  "dead_letter|stop, what a record the target refuses leads to")       \
	X(audit, "replication.audit", BOOL, "false", 0, 0, "",                 \
	  "one row in ficus.audit per applied source transaction")             \
	X(mapping, "transform.mapping", TEXT, "", 0, 0, "",                    \
	  "mapping file; empty: the installed schema/magento.yaml")            \
	X(extend, "transform.extend", LIST, "", 0, 0, "",                      \
	  "files of your own that add tables and columns to the mapping")      \
	X(exclude, "transform.exclude", LIST, "", 0, 0, "",                    \
	  "columns (table.column) and attributes (entity_type:code) that "     \
	  "are not copied")                                                    \
	X(hash, "transform.hash", LIST, "", 0, 0, "",                          \
	  "the same, of which a keyed hash is copied")                         \
	X(hash_key, "transform.hash_key", SECRET, "", 0, 0, "",                \
	  "key of these hashes: a long random text")                           \
	X(bootstrap_workers, "bootstrap.workers", INT, "4", 1, 64, "",         \
	  "chunks read at once")                                               \
	X(bootstrap_chunk_bytes, "bootstrap.chunk_bytes", SIZE, "8MiB", 65536, \
	  67108864, "", "a chunk's size, at most")                             \
	X(bootstrap_auto, "bootstrap.auto", BOOL, "false", 0, 0, "",           \
	  "bootstrap by itself when there is no checkpoint")                   \
	X(since_customer, "bootstrap.since.customer", TEXT, "", 0, 0, "",      \
	  "copy only customers updated since: 2024-01-31, or 18 months")       \
	X(since_catalog, "bootstrap.since.catalog", TEXT, "", 0, 0, "",        \
	  "the same for products")                                             \
	X(since_order, "bootstrap.since.order", TEXT, "", 0, 0, "",            \
	  "the same for orders")                                               \
	X(metrics_listen, "metrics.listen", TEXT, "127.0.0.1:9187", 0, 0, "",  \
	  "address of cdc's /metrics, /healthz, /readyz, /lag and page; "      \
	  "empty: none")                                                       \
	X(log_level, "metrics.log_level", CHOICE, "info", 0, 0, "",            \
	  "err|warn|info|debug")                                               \
	X(log_json, "metrics.log_json", BOOL, "false", 0, 0, "",               \
	  "log JSON objects instead of logfmt")                                \
	X(alerts_webhook, "alerts.webhook", SECRET, "", 0, 0, "",              \
	  "URL that is posted to when something is wrong, and when it is "     \
	  "over")                                                              \
	X(alerts_timeout, "alerts.timeout", TIME, "5s", 100, 60000, "",        \
	  "longest wait for its answer")                                       \
	X(router_listen, "router.listen", TEXT, "127.0.0.1:8080", 0, 0, "",    \
	  "address for clients")                                               \
	X(router_admin_listen, "router.admin.listen", TEXT, "127.0.0.1:8081",  \
	  0, 0, "", "address of metrics, health, flags; empty: none")          \
	X(router_admin_token, "router.admin.token", SECRET, "", 0, 0, "",      \
	  "bearer token that changes need; empty: reads only")                 \
	X(router_routes, "router.routes", TEXT, "", 0, 0, "",                  \
	  "file with the VirtualService document; empty: the built-in routes") \
	X(router_magento, "router.magento", TEXT, "127.0.0.1:80", 0, 0, "",    \
	  "host:port of Magento")                                              \
	X(router_upstreams, "router.upstreams", LIST, "", 0, 0, "",            \
	  "name=host:port of further destinations in the routes")              \
	X(router_threads, "router.threads", INT, "1", 1, 64, "",               \
	  "event loops")                                                       \
	X(router_max_lag, "router.max_lag", TIME, "2s", 10, 3600000, "",       \
	  "reads go to Magento while the copy is older")                       \
	X(router_resume_dwell, "router.resume_dwell", TIME, "5s", 0, 600000,   \
	  "", "how long lag must be low again before the copy is used")        \
	X(router_ryw_wait, "router.ryw_wait", TIME, "100ms", 0, 10000, "",     \
	  "how long a client that wrote waits for the copy to contain it")     \
	X(router_copy_timeout, "router.copy_timeout", TIME, "200ms", 1, 10000, \
	  "", "first byte of the copy's answer, else Magento is asked")        \
	X(router_magento_timeout, "router.magento_timeout", TIME, "60s", 100,  \
	  600000, "", "first byte of Magento's answer")                        \
	X(router_magento_concurrency, "router.magento_concurrency", INT,       \
	  "100", 1, 100000, "", "requests at Magento at once, at most")        \
	X(router_pg_connections, "router.pg_connections", INT, "8", 1, 1000,   \
	  "", "connections of the read service, per event loop")               \
	X(router_state_dir, "router.state_dir", TEXT, "", 0, 0, "",            \
	  "directory where flags are kept over restarts; empty: none")         \
	X(router_fence_secret, "router.fence_secret", SECRET, "", 0, 0, "",    \
	  "key of the signed fence header; same on all routers")               \
	X(router_auth_none, "router.allow_auth_none", BOOL, "false", 0, 0, "", \
	  "accept routes that serve customers or orders to anyone")            \
	X(router_trusted, "router.trusted_peers", LIST, "", 0, 0, "",          \
	  "CIDRs whose X-Forwarded-* are believed and who see reasons")

#define SETTING_TEXT(field) const char *field;
/* The file is "" when the secret came from elsewhere. */
#define SETTING_SECRET(field) const char *field, *field##_file;
#define SETTING_LIST(field) const char *field;
#define SETTING_CHOICE(field) const char *field;
#define SETTING_INT(field) int64_t field;
#define SETTING_TIME(field) int64_t field;
#define SETTING_SIZE(field) int64_t field;
#define SETTING_BOOL(field) bool field;
#define SETTING_FIELD(field, key, type, def, least, most, env, help)           \
	SETTING_##type(field)

/* Read when no other file is named, if it is there. */
#define SETTINGS_FILE "ficus.yaml"

/* Texts are owned by the struct; never NULL. */
struct settings {
	SETTINGS(SETTING_FIELD)
	struct settings_owner *owner; /* memory of the texts */
};
#undef SETTING_FIELD

/* path NULL: SETTINGS_FILE of the working directory if it exists, else the
 * defaults. *ret changes only on success; failures are ERR_CONFIG. */
int settings_load(const char *path, struct settings *ret,
		  struct err *err) MUST_CHECK;
/* The same with the file's content at hand; `file` is its name in errors. */
int settings_parse(const char *file, struct str content, struct settings *ret,
		   struct err *err) MUST_CHECK;
void settings_done(struct settings *settings);
/* The whole configuration as commented YAML that loads back to the same;
 * secrets are commented out and shown as "***". */
void settings_print(const struct settings *settings, struct buf *out);
/* The reference as Markdown tables: docs/settings.md. */
void settings_markdown(struct buf *out);

#endif
