/* All that depends on the client library: options, the raw packets of the
 * binlog, and how long they may be waited for.
 *
 * MariaDB Connector/C: raw commands and packets; its own event decoder
 * (mariadb_rpl.c) is not used: it loses errors and misreads several event
 * types. Oracle's libmysqlclient: mysql_binlog_open() and _fetch(), whose
 * buffer is the same packet. It has no raw commands, so that we do not appear
 * in SHOW REPLICAS there, and counts time-outs in seconds, fixed when
 * connecting: a thread watches the stream in its stead. */
#include "cdc/source_impl.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <errmsg.h>
#include <mysql.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/mem.h"

static const char SYSTEM_CA[] = "/etc/ssl/certs/ca-certificates.crt";

static bool is(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

/* Who verifies needs an authority; "" is none. */
static const char *authority(const struct source_config *config)
{
	if (config->tls_ca[0] == '\0' &&
	    strncmp(config->tls, "verify_", 7) == 0)
		return SYSTEM_CA;
	return config->tls_ca;
}

/* A broken stream goes without a number sometimes. */
static unsigned error_number(MYSQL *mysql)
{
	unsigned number = mysql_errno(mysql);

	return number ? number : CR_SERVER_LOST;
}

#ifdef MARIADB_PACKAGE_VERSION

#include <ma_pvio.h> /* wants mysql.h before it */

enum {
	DUMP = 0x12,
	REGISTER = 0x15,
	DUMP_GTID = 0x1e,
	COMMAND_MAX = 64 * 1024 * 1024,
	EOF_PACKET = 0xfe,
	EOF_MAX = 9,
	BUFFER_KEEP = 1024 * 1024,
	BUFFER_SLACK = 1024, /* for headers behind what it counts */
};

/* The library verifies the chain when it has an authority, the name when told
 * to. Where the server offers no TLS it goes on without; that is refused once
 * it shows (source.c), so what is sent until then must be no secret: no
 * password under a key that whoever answers has made up. */
static void set_tls(MYSQL *mysql, const struct source_config *config)
{
	my_bool yes = 1, verify = is(config->tls, "verify_identity") ? 1 : 0;
	const char *ca = authority(config);

	mysql_optionsv(mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
	if (ca[0] != '\0')
		mysql_optionsv(mysql, MYSQL_OPT_SSL_CA, ca);
	mysql_optionsv(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &verify);
	/* A file without a public key: the step that needs one fails. */
	if (!config->allow_public_key)
		mysql_optionsv(mysql, MYSQL_SERVER_PUBLIC_KEY,
			       ca[0] != '\0' ? ca : SYSTEM_CA);
}

/* Without TLS only what sends no password, encrypted or not. */
static void set_security(MYSQL *mysql, const struct source_config *config)
{
	if (!is(config->tls, "off"))
		set_tls(mysql, config);
	else if (!config->allow_public_key)
		mysql_optionsv(mysql, MARIADB_OPT_RESTRICTED_AUTH,
			       "mysql_native_password,client_ed25519");
}

void client_close(struct source *source)
{
	if (source->mysql) /* the library forgets to free it */
		mysql_optionsv(source->mysql, MYSQL_SERVER_PUBLIC_KEY, NULL);
	mysql_close(source->mysql);
}

int client_socket(const struct source *source)
{
	return (int)mysql_get_socket(source->mysql);
}

static void put(struct buf *out, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++)
		buf_addc(out, (char)(value >> 8 * i));
}

static void put_short(struct buf *out, const char *text)
{
	size_t n = strnlen(text, 60);

	put(out, n, 1);
	buf_add(out, text, n);
}

static int command(struct source *source, int number, const struct buf *body,
		   bool answered, struct err *err)
{
	MYSQL *mysql = source->mysql;

	if (body->failed)
		return err_set(err, ERR_LIMIT,
			       "source %s: the position is too long to be "
			       "asked for",
			       source->place);
	if (mysql->methods->db_command(mysql, (enum enum_server_command)number,
				       body->at, body->n, answered ? 0 : 1,
				       NULL))
		return source_fail(source, "starting the binlog stream", err);
	return 0;
}

/* Makes us appear in SHOW REPLICAS. */
static int register_replica(struct source *source, struct err *err)
{
	struct buf body;
	int fail;

	buf_init(&body, COMMAND_MAX);
	put(&body, source->server_id, 4);
	put_short(&body, "ficus"); /* host, for people */
	put_short(&body, "");
	put_short(&body, "");
	put(&body, 0, 2); /* port */
	put(&body, 0, 4); /* rank */
	put(&body, 0, 4); /* master id: the server's own */
	fail = command(source, REGISTER, &body, true, err);
	buf_done(&body);
	return fail;
}

static void file_body(const struct source *source,
		      const struct dump_start *start, struct buf *out)
{
	put(out, start->offset, 4);
	put(out, 0, 2); /* flags: block at the end of the log */
	put(out, source->server_id, 4);
	buf_adds(out, start->file);
}

static void gtid_body(const struct source *source,
		      const struct dump_start *start, struct buf *out)
{
	put(out, 0, 2); /* flags */
	put(out, source->server_id, 4);
	put(out, 0, 4); /* no file name: the set says it all */
	put(out, start->offset, 8);
	put(out, start->gtids->n, 4);
	buf_add(out, start->gtids->at, start->gtids->n);
}

int client_dump(struct source *source, const struct dump_start *start,
		struct err *err)
{
	int fail = register_replica(source, err);
	struct buf body;

	if (fail)
		return fail;
	buf_init(&body, COMMAND_MAX);
	if (start->gtids)
		gtid_body(source, start, &body);
	else
		file_body(source, start, &body);
	fail = command(source, start->gtids ? DUMP_GTID : DUMP, &body, false,
		       err);
	buf_done(&body);
	return fail;
}

void client_patience(struct source *source, int64_t ms)
{
	MYSQL *mysql = source->mysql;
	struct timeval time = { .tv_sec = ms / 1000,
				.tv_usec = ms % 1000 * 1000 };

	mysql->net.pvio->timeout[PVIO_READ_TIMEOUT] = (int)ms;
	setsockopt(source->fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
}

/* The library's buffer grows with a large event, and would stay so. */
static void give_back(NET *net)
{
	unsigned char *smaller;

	if (net->max_packet <= BUFFER_KEEP || net->compress)
		return;
	smaller = mem_realloc(net->buff, BUFFER_KEEP + BUFFER_SLACK);
	net->buff = net->write_pos = net->read_pos = smaller;
	net->max_packet = BUFFER_KEEP;
	net->buff_end = smaller + BUFFER_KEEP;
}

unsigned client_packet(struct source *source, const uint8_t **ret,
		       size_t *ret_n)
{
	MYSQL *mysql = source->mysql;
	unsigned long n;

	give_back(&mysql->net);
	n = mysql_net_read_packet(mysql);
	/* It refused the length, then called it a lost connection. */
	if (n == packet_error && mysql->net.error == 1)
		return CR_NET_PACKET_TOO_LARGE;
	if (n == packet_error)
		return error_number(mysql);
	*ret = mysql->net.read_pos;
	*ret_n = n < EOF_MAX && **ret == EOF_PACKET ? 0 : n;
	return 0;
}

#else /* Oracle's */

#include <stdatomic.h>

#include "base/clock.h"
#include "base/thread.h"
#include "cdc/stopper.h"

enum { WATCH_EVERY_MS = 100 };

/* One per dump, from client_dump() until client_close(). */
struct client {
	MYSQL_RPL dump;
	pthread_t watch;
	bool watched; /* the thread runs */
	struct stopper stopper;
	/* Odd while we wait for a packet; changes with each. */
	atomic_uint turn;
	atomic_llong patience_ms;
	int fd;
};

static enum mysql_ssl_mode ssl_mode(const struct source_config *config)
{
	if (is(config->tls, "off"))
		return SSL_MODE_DISABLED;
	if (is(config->tls, "preferred"))
		return SSL_MODE_PREFERRED;
	if (is(config->tls, "verify_identity"))
		return SSL_MODE_VERIFY_IDENTITY;
	/* An authority that was given is asked. */
	return authority(config)[0] != '\0' ? SSL_MODE_VERIFY_CA
					    : SSL_MODE_REQUIRED;
}

static void set_security(MYSQL *mysql, const struct source_config *config)
{
	enum mysql_ssl_mode mode = ssl_mode(config);
	const char *ca = authority(config);
	bool ask_key = config->allow_public_key;

	mysql_options(mysql, MYSQL_OPT_SSL_MODE, &mode);
	if (ca[0] != '\0')
		mysql_options(mysql, MYSQL_OPT_SSL_CA, ca);
	mysql_options(mysql, MYSQL_OPT_GET_SERVER_PUBLIC_KEY, &ask_key);
}

static void *watch(void *user)
{
	struct client *client = user;
	unsigned seen = atomic_load(&client->turn);
	int64_t since = clock_mono_ms();

	while (!stopper_wait(&client->stopper, WATCH_EVERY_MS)) {
		unsigned turn = atomic_load(&client->turn);
		int64_t now = clock_mono_ms();

		if (turn != seen || turn % 2 == 0) {
			seen = turn;
			since = now;
		} else if (now - since >= atomic_load(&client->patience_ms)) {
			shutdown(client->fd, SHUT_RDWR);
			break;
		}
	}
	return NULL;
}

static void client_free(struct client *client)
{
	if (!client)
		return;
	if (client->watched) {
		stopper_set(&client->stopper);
		pthread_join(client->watch, NULL);
	}
	stopper_done(&client->stopper);
	free(client);
}

void client_close(struct source *source)
{
	client_free(source->client);
	mysql_close(source->mysql);
}

int client_socket(const struct source *source)
{
	const MYSQL *mysql = source->mysql;

	return mysql->net.fd;
}

static void copy_set(MYSQL_RPL *dump, unsigned char *out)
{
	memcpy(out, dump->gtid_set_arg, dump->gtid_set_encoded_size);
}

static void fill_dump(const struct source *source,
		      const struct dump_start *start, MYSQL_RPL *ret)
{
	*ret = (MYSQL_RPL){
		.file_name_length = strlen(start->file),
		.file_name = start->file,
		.start_position = start->offset,
		.server_id = source->server_id,
	};
	if (!start->gtids)
		return;
	ret->flags = MYSQL_RPL_GTID;
	ret->gtid_set_encoded_size = start->gtids->n;
	ret->fix_gtid_set = copy_set;
	ret->gtid_set_arg = start->gtids->at;
}

int client_dump(struct source *source, const struct dump_start *start,
		struct err *err)
{
	struct client *client = mem_zalloc(sizeof(*client));

	source->client = client;
	stopper_init(&client->stopper);
	client->fd = source->fd;
	atomic_store(&client->patience_ms, INT64_MAX);
	fill_dump(source, start, &client->dump);
	if (mysql_binlog_open(source->mysql, &client->dump))
		return source_fail(source, "starting the binlog stream", err);
	client->watched = thread_start(&client->watch, watch, client) == 0;
	if (!client->watched)
		return err_set(err, ERR_SOURCE_LOST,
			       "source %s: no thread to watch the stream",
			       source->place);
	return 0;
}

void client_patience(struct source *source, int64_t ms)
{
	struct client *client = source->client;

	atomic_store(&client->patience_ms, ms);
}

unsigned client_packet(struct source *source, const uint8_t **ret,
		       size_t *ret_n)
{
	struct client *client = source->client;
	int failed;

	atomic_fetch_add(&client->turn, 1);
	failed = mysql_binlog_fetch(source->mysql, &client->dump);
	atomic_fetch_add(&client->turn, 1);
	if (failed)
		return error_number(source->mysql);
	*ret = client->dump.buffer;
	*ret_n = client->dump.size;
	return 0;
}

#endif

enum {
	WRITE_TIMEOUT_S = 30,
	PACKET_ROOM = 1024, /* what surrounds an event or a row */
};

/* The library counts whole seconds. */
static unsigned seconds(int64_t ms)
{
	return ms <= 0 ? 1 : (unsigned)((ms + 999) / 1000);
}

void client_options(struct source *source, const struct source_config *config)
{
	MYSQL *mysql = source->mysql;
	unsigned connect = seconds(config->connect_timeout_ms);
	unsigned reading = seconds(config->read_timeout_ms);
	unsigned writing = WRITE_TIMEOUT_S;
	size_t packet = config->max_event + PACKET_ROOM;
	unsigned protocol = MYSQL_PROTOCOL_TCP;

	mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
	mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &reading);
	mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &writing);
	mysql_options(mysql, MYSQL_OPT_PROTOCOL, &protocol);
	mysql_options(mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options4(mysql, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name",
		       "ficus-cdc");
	set_security(mysql, config);
}
