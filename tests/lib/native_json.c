/* Native JSON of both origins, for the integration tests:
 *
 *     native_json magento PATH             Magento's body on stdin, transcoded
 *     native_json copy CONNINFO PATH…      from the copy, a line for each
 *
 * PATH is what follows /api/v1/. A line that is no body is an outcome. */
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/pg.h"
#include "router/read/read.h"
#include "router/transcode.h"

static bool parse(const char *text, struct read_request *request)
{
	struct str rest = str_of(text);
	struct str path = str_split(&rest, '?');
	const char *why = "no such path";

	*request = (struct read_request){ .timeout_ms = 10000,
					  .needs.max_lag_ms = 60000 };
	if (read_request_parse(path, rest, request, &why) == READ_PARSED)
		return true;
	printf("%s\n", why);
	return false;
}

static int from_magento(const char *path)
{
	struct read_request request;
	struct err err = { 0 };
	struct buf in, out;
	bool found = false;
	size_t n = 1;

	if (!parse(path, &request))
		return 0;
	buf_init(&in, TRANSCODE_BODY_MAX);
	buf_init(&out, TRANSCODE_BODY_MAX);
	while (n > 0) {
		void *room = buf_room(&in, 4096);

		n = room ? fread(room, 1, 4096, stdin) : 0;
		in.n += n;
	}
	if (transcode_body(&request, (struct str){ buf_str(&in), in.n }, &out,
			   &found, &err) < 0)
		printf("%s\n", err.msg);
	else
		printf("%s\n", found ? buf_str(&out) : "not_found");
	buf_done(&in);
	buf_done(&out);
	return 0;
}

static void on_answer(void *user, struct read_answer *answer)
{
	*(bool *)user = true;
	if (answer->outcome == READ_OK)
		printf("%s\n", buf_str(&answer->body));
	else
		printf("%s\n", read_outcome_name(answer->outcome));
}

static int from_copy(const char *conninfo, int count, char **paths)
{
	struct pg_config pg = { .options = conninfo };
	struct read_conf conf = { .pg = &pg, .connections = 1 };
	struct read_service *service;
	struct read_request request;
	struct err err = { 0 };
	uv_loop_t *loop = uv_default_loop();

	if (read_open(loop, &conf, &service, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	while (!read_ready(service))
		uv_run(loop, UV_RUN_ONCE);
	for (int i = 0; i < count; i++) {
		bool done = !parse(paths[i], &request);

		if (!done)
			read_start(service, &request, on_answer, &done);
		while (!done)
			uv_run(loop, UV_RUN_ONCE);
	}
	read_close(service, NULL, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "magento") == 0)
		return from_magento(argv[2]);
	if (argc > 3 && strcmp(argv[1], "copy") == 0)
		return from_copy(argv[2], argc - 3, argv + 3);
	fprintf(stderr,
		"usage: native_json magento PATH | copy CONNINFO PATH…\n");
	return 2;
}
