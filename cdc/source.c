#include "cdc/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <mysql.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/settings.h"
#include "cdc/source_impl.h"

enum {
	READ_TIMEOUT_MS = 10 * 60 * 1000,
	DERIVED_ID = 0x40000000, /* ours are far from those people give */
	BESIDE_ID = 0x20000000,
	WRONG_PASSWORD = 1045, /* of the server */
	NO_PASSWORD = 1698,
};

/* The same for every start, so that the server drops our former dump thread
 * when a new one comes; different for another copy of the same shop. */
static uint32_t derive_id(const struct settings *s)
{
	char *text = mem_printf("%s:%d/%s %s:%d/%s/%s", s->source_host,
				(int)s->source_port, s->source_database,
				s->target_host, (int)s->target_port,
				s->target_database, s->target_schema);
	uint64_t hash = str_hash(text, strlen(text));

	free(text);
	return DERIVED_ID | (uint32_t)(hash & (DERIVED_ID - 1));
}

void source_config_of(const struct settings *settings,
		      struct source_config *ret)
{
	*ret = (struct source_config){
		.host = settings->source_host,
		.user = settings->source_user,
		.password = settings->source_password,
		.password_file = settings->source_password_file,
		.database = settings->source_database,
		.tls = settings->source_tls,
		.tls_ca = settings->source_tls_ca,
		.port = settings->source_port,
		.connect_timeout_ms = settings->source_connect_timeout,
		.read_timeout_ms = READ_TIMEOUT_MS,
		.heartbeat_ms = settings->source_heartbeat,
		.server_id = settings->source_server_id
				     ? (uint32_t)settings->source_server_id
				     : derive_id(settings),
		.max_event = (uint64_t)settings->max_value_size,
		.allow_public_key = settings->source_allow_public_key,
	};
}

void source_config_head(const struct settings *settings,
			struct source_config *ret)
{
	source_config_of(settings, ret);
	if (settings->source_head_host[0] == '\0')
		return;
	ret->host = settings->source_head_host;
	ret->port = settings->source_head_port;
}

void source_config_beside(struct source_config *config)
{
	config->server_id ^= BESIDE_ID;
}

static bool is(const char *text, const char *word)
{
	return strcmp(text, word) == 0;
}

/* "11.4.2-MariaDB-log"; old protocol hacks may prefix "5.5.5-". */
static void read_server(struct source *source)
{
	const char *text = mysql_get_server_info(source->mysql);
	struct source_server *server = &source->server;
	unsigned part[3] = { 0 }; /* major, minor, patch */
	char *end;

	if (strncmp(text, "5.5.5-1", 7) == 0)
		text += 6;
	snprintf(server->text, sizeof(server->text), "%s", text);
	server->flavour =
		strstr(text, "MariaDB") ? SOURCE_MARIADB : SOURCE_MYSQL;
	for (size_t i = 0; i < LENGTH(part); i++) {
		part[i] = (unsigned)strtoul(text, &end, 10) % 1000;
		if (*end != '.')
			break;
		text = end + 1;
	}
	server->version = part[0] * 10000 + part[1] * 100 + part[2];
}

/* Texts must come out the same whatever the server's defaults are: CHAR
 * unpadded, UTC, as stored (source_rows.c); what is asked is UTF-8 (a server
 * that does not know the number of the client's collation has taken its
 * own). */
static int set_session(struct source *source, struct err *err)
{
	int fail = source_exec(source, "set names utf8mb4", err);

	if (fail)
		return fail;
	return source_exec(source,
			   "set session sql_mode='', time_zone='+00:00', "
			   "character_set_results=null, "
			   "net_write_timeout=28800, net_read_timeout=28800, "
			   "wait_timeout=28800",
			   err);
}

static int check_tls(const struct source *source,
		     const struct source_config *config, struct err *err)
{
	if (is(config->tls, "off") || is(config->tls, "preferred") ||
	    mysql_get_ssl_cipher(source->mysql))
		return 0;
	return err_set(err, ERR_OPERATOR,
		       "source %s: source.tls is %s, but the server offers no "
		       "TLS: give it a certificate, or set source.tls: "
		       "preferred",
		       source->place, config->tls);
}

static bool has_file(const struct source_config *config)
{
	return config->password_file && config->password_file[0] != '\0';
}

/* A password in a file may be about to change: that is no reason to end. */
static int refused(const struct source_config *config, struct source *source,
		   struct err *err)
{
	unsigned number = mysql_errno(source->mysql);
	int fail = source_fail(source, NULL, err);

	if (!has_file(config) ||
	    (number != WRONG_PASSWORD && number != NO_PASSWORD))
		return fail;
	err->code = ERR_SOURCE_LOST;
	return err->code;
}

static int connect_with(struct source *source,
			const struct source_config *config, struct err *err)
{
	const char *database = config->database[0] ? config->database : NULL;
	CLEANUP(secret_freep) char *secret = NULL;

	if (has_file(config) &&
	    secret_read(config->password_file, &secret, err) != 0)
		return err_set(err, ERR_SOURCE_LOST, "source %s: %.500s",
			       source->place, err->msg);
	source->mysql = mysql_init(NULL);
	if (!source->mysql)
		abort(); /* out of memory, as everywhere */
	client_options(source, config);
	if (!mysql_real_connect(source->mysql, config->host, config->user,
				secret ? secret : config->password, database,
				(unsigned)config->port, NULL,
				CLIENT_MULTI_RESULTS | CLIENT_REMEMBER_OPTIONS))
		return refused(config, source, err);
	return check_tls(source, config, err);
}

static struct source *source_new(const struct source_config *config)
{
	struct source *source = mem_zalloc(sizeof(*source));

	source->fd = -1;
	source->place = mem_printf("%s@%s:%d", config->user, config->host,
				   (int)config->port);
	source->heartbeat_ms = config->heartbeat_ms;
	source->max_event = config->max_event;
	source->server_id = config->server_id;
	return source;
}

/* While the server looks for our place, or works on a question, it is silent
 * for minutes; whether it is still there, its kernel says. */
static void keep_alive(int fd)
{
	static const int yes = 1, idle_s = 10, every_s = 5, probes = 3;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &yes, sizeof(yes));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &every_s, sizeof(every_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

int source_connect(const struct source_config *config, struct source **ret,
		   struct err *err)
{
	CLEANUP(source_closep) struct source *source = source_new(config);
	int fail = connect_with(source, config, err);

	if (fail)
		return fail;
	source->fd = client_socket(source);
	keep_alive(source->fd);
	read_server(source);
	fail = set_session(source, err);
	if (fail)
		return fail;
	*ret = TAKE(source);
	return 0;
}

void source_close(struct source *source)
{
	if (!source)
		return;
	/* A stream never answers to a polite goodbye. */
	if (source->dumping && source->fd >= 0)
		shutdown(source->fd, SHUT_RDWR);
	client_close(source);
	free(source->place);
	free(source);
}

void source_closep(struct source **source)
{
	source_close(*source);
}

const struct source_server *source_server(const struct source *source)
{
	return &source->server;
}

void source_cancel(struct source *source)
{
	atomic_store(&source->cancelled, true);
	shutdown(source->fd, SHUT_RDWR);
}
