#include "tests/lib/test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "cdc/alert.h"
#include "cdc/webhook.h"

enum { QUEUE = 16, LONG_MS = 60000 };

/* A socket that takes connections and never answers, or (silent false)
 * refuses them. */
static int receiver(bool silent, char url[64])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, size), 0);
	if (silent)
		assert_int_equal(listen(fd, QUEUE), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	snprintf(url, 64, "http://127.0.0.1:%d/", ntohs(at.sin_port));
	return fd;
}

TEST(the_body_is_json_without_what_could_break_it)
{
	struct webhook_message message = { .name = "target_refuses",
					   .text = "it \"says\" no\n" };
	struct buf body;

	buf_init(&body, 4096);
	webhook_body(&body, &message, "host:1");
	assert_string_equal(buf_str(&body),
			    "{\"source\":\"ficus\",\"instance\":\"host:1\","
			    "\"alert\":\"target_refuses\",\"state\":\"firing\","
			    "\"at\":\"1970-01-01T00:00:00.000Z\","
			    "\"text\":\"it \\\"says\\\" no\\n\"}");
	buf_done(&body);
}

TEST(without_a_url_nothing_is_kept)
{
	struct alerts *alerts = alerts_start("", LONG_MS);
	struct alert_counts counts;

	for (int i = 0; i < 2 * QUEUE; i++) {
		alerts_raise(alerts, ALERT_REFUSED, "yes");
		alerts_resolve(alerts, ALERT_REFUSED, "no");
	}
	alerts_counts(alerts, &counts);
	assert_int_equal(counts.dropped + counts.failed, 0);
	alerts_stop(alerts, LONG_MS);
}

TEST(what_is_said_already_is_not_said_again_and_room_is_bounded)
{
	char url[64];
	int fd = receiver(false, url);
	struct alerts *alerts = alerts_start(url, LONG_MS);
	struct alert_counts counts;

	for (int i = 0; i < QUEUE / 2; i++) {
		for (int again = 0; again < 3; again++)
			alerts_raise(alerts, ALERT_REFUSED, "yes");
		for (int again = 0; again < 3; again++)
			alerts_resolve(alerts, ALERT_REFUSED, "no");
	}
	alerts_counts(alerts, &counts);
	assert_int_equal(counts.dropped, 0);
	alerts_raise(alerts, ALERT_DEAD_LETTERS, "one too many");
	alerts_raise(alerts, ALERT_DEAD_LETTERS, "one too many");
	alerts_counts(alerts, &counts);
	assert_int_equal(counts.dropped, 1);
	assert_int_equal(counts.delivered, 0);
	alerts_stop(alerts, 0);
	close(fd);
}

TEST(a_receiver_that_hangs_holds_nobody_up)
{
	char url[64];
	int fd = receiver(true, url);
	int64_t begun = clock_mono_ms();
	struct alerts *alerts = alerts_start(url, LONG_MS);

	alerts_raise(alerts, ALERT_REFUSED, "yes");
	alerts_stop(alerts, 10);
	assert_true(clock_mono_ms() - begun < LONG_MS / 2);
	close(fd);
}

RUN(CASE(the_body_is_json_without_what_could_break_it),
    CASE(without_a_url_nothing_is_kept),
    CASE(what_is_said_already_is_not_said_again_and_room_is_bounded),
    CASE(a_receiver_that_hangs_holds_nobody_up))
