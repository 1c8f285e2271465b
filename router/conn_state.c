#include "router/conn_state.h"

static const struct {
	const char *name;
	unsigned next;
} states[] = {
#define STATE_ROW(name, next) [CONN_##name] = { #name, next },
	CONN_STATES(STATE_ROW)
#undef STATE_ROW
};

bool conn_state_may(enum conn_state from, enum conn_state to)
{
	return states[from].next >> to & 1;
}

const char *conn_state_name(enum conn_state state)
{
	return states[state].name;
}
