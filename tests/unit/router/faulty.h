/* An HTTP server on loopback that can be told to fail in one way, and counts
 * what reached it. One thread per connection. For tests of the proxy. */
#ifndef TESTS_UNIT_ROUTER_FAULTY_H
#define TESTS_UNIT_ROUTER_FAULTY_H

#include <stdatomic.h>
#include <stdint.h>

/*	X(mode) what it does with a request it has read whole */
#define FAULTY_MODES(X)                                                        \
	X(OK)	      /* 200, its name as body, keep-alive */                  \
	X(CHUNKED)    /* the same, chunked */                                  \
	X(NO_LENGTH)  /* the same, ended by closing */                         \
	X(BIG)	      /* 200 with FAULTY_BIG_BYTES */                          \
	X(RESET)      /* RST before the first byte */                          \
	X(CLOSE)      /* FIN before the first byte */                          \
	X(HALF_HEAD)  /* half a status line, then FIN */                       \
	X(HALF_BODY)  /* head and half the body, then FIN */                   \
	X(HALF_CHUNK) /* a chunk cut off, then FIN */                          \
	X(SLOW)	      /* OK after FAULTY_SLOW_MS */                            \
	X(ERROR_500)                                                           \
	X(ERROR_503)                                                           \
	X(NOT_FOUND)                                                           \
	X(BOTH)	  /* Content-Length and Transfer-Encoding */                   \
	X(EXTRA)  /* OK, and a second response behind it */                    \
	X(JUNK)	  /* the greeting of another protocol */                       \
	X(SWITCH) /* 101 */                                                    \
	X(STALE)  /* OK, then closes without having said so */                 \
	X(EARLY)  /* 413 after the head; the body is never read */

#define FAULTY_ENUM(mode) FAULTY_##mode,
enum faulty_mode { FAULTY_MODES(FAULTY_ENUM) FAULTY_MODE_N };
#undef FAULTY_ENUM

enum { FAULTY_BIG_BYTES = 4 * 1000 * 1000, FAULTY_SLOW_MS = 700 };

struct faulty {
	const char *name;
	int fd;
	uint16_t port;
	atomic_int mode;
	atomic_int connections, requests;
	atomic_long body_bytes;
	char last_head[16384]; /* of the last request */
};

void faulty_start(struct faulty *server, const char *name);
void faulty_set(struct faulty *server, enum faulty_mode mode); /* and zero */
const char *faulty_mode_name(enum faulty_mode mode);

#endif
