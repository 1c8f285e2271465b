#include "base/pg_error.h"

#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

/* The longest prefix counts, so the exceptions of a class come first.
 * Appendix A of PostgreSQL's manual has the codes. */
static const struct {
	const char *prefix;
	int code;
} classes[] = {
	{ "08", ERR_TARGET_LOST },    /* connection exception */
	{ "22", ERR_DATA },	      /* data exception */
	{ "23", ERR_DATA },	      /* integrity constraint violation */
	{ "25006", ERR_TARGET_LOST }, /* read-only: a fail-over goes on */
	{ "25P03", ERR_TARGET_LOST }, /* idle in transaction for too long */
	{ "40", ERR_TARGET_LOST },    /* serialisation, deadlock */
	{ "44", ERR_DATA },	      /* WITH CHECK OPTION */
	{ "53", ERR_TARGET_LOST },    /* connections, memory, disk */
	{ "54", ERR_DATA },	      /* row or index entry too large */
	{ "55P03", ERR_TARGET_LOST }, /* lock not available */
	{ "55006", ERR_TARGET_LOST }, /* object in use */
	{ "57014", ERR_TARGET_LOST }, /* cancelled, statement_timeout */
	{ "57P", ERR_TARGET_LOST },   /* shutdown, crash, starting up */
	{ "58", ERR_TARGET_LOST },    /* I/O error of the server */
	{ "72", ERR_TARGET_LOST },    /* snapshot too old */
	{ "P0001", ERR_DATA },	      /* a trigger's RAISE EXCEPTION */
};

int pg_error_code(const char *sqlstate)
{
	if (!sqlstate || !*sqlstate)
		return ERR_TARGET_LOST;
	for (size_t i = 0; i < LENGTH(classes); i++) {
		if (str_starts(str_of(sqlstate), classes[i].prefix))
			return classes[i].code;
	}
	return ERR_TARGET;
}

/* Bytes of the message that can't be part of a value. */
static size_t harmless_part(const char *message)
{
	static const char *const quotes[] = { "\"", "'", ":", "»",  "«",
					      "„",  "“", "”", "‘",  "’",
					      "‚",  "‹", "›", "「", "：" };
	size_t n = strlen(message);

	for (size_t i = 0; i < LENGTH(quotes); i++) {
		const char *found = strstr(message, quotes[i]);

		if (found && (size_t)(found - message) < n)
			n = (size_t)(found - message);
	}
	while (n && message[n - 1] == ' ')
		n--;
	return n;
}

/* One line, blanks instead of line breaks. */
static void add_line(struct buf *out, const char *text, size_t n)
{
	while (n && strchr(" \n\r\t", text[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++)
		buf_addc(out, strchr("\n\r\t", text[i]) ? ' ' : text[i]);
}

static void add_name(struct buf *out, const char *kind, const char *name,
		     int *names)
{
	if (!name || !*name)
		return;
	buf_adds(out, (*names)++ ? ", " : " (");
	buf_adds(out, kind);
	buf_adds(out, name);
}

static const char *cure_of(const char *sqlstate)
{
	struct str state = str_of(sqlstate);

	if (str_starts(state, "28"))
		return "check target.user and target.password, and "
		       "pg_hba.conf of the server";
	if (str_eqs(state, "3D000"))
		return "create the database or set target.database";
	if (str_eqs(state, "42501"))
		return "grant it, or let target.user own the records";
	return NULL;
}

int pg_error_set(struct err *err, const struct pg_fault *fault)
{
	const char *state = fault->sqlstate ? fault->sqlstate : "";
	const char *message = fault->message ? fault->message : "no message";
	const char *cure = cure_of(state);
	struct buf text;
	int names = 0;

	buf_init(&text, sizeof(err->msg));
	if (*state)
		buf_addf(&text, "SQLSTATE %s: ", state);
	if (str_starts(str_of(state), "22")) {
		size_t n = harmless_part(message);

		add_line(&text, message, n);
		if (message[n])
			buf_adds(&text, " …");
	} else {
		add_line(&text, message, strlen(message));
	}
	add_name(&text, "schema ", fault->schema, &names);
	add_name(&text, "table ", fault->table, &names);
	add_name(&text, "column ", fault->column, &names);
	add_name(&text, "constraint ", fault->constraint, &names);
	if (names)
		buf_addc(&text, ')');
	if (cure)
		buf_addf(&text, "; %s", cure);
	err_set(err, pg_error_code(state), "%s", buf_str(&text));
	buf_done(&text);
	return err->code;
}

bool pg_error_find_state(const char *message, char sqlstate[6])
{
	static const char letters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	sqlstate[0] = '\0';
	for (const char *at = strstr(message, ":  "); at;
	     at = strstr(at + 1, ":  ")) {
		const char *state = at + 3;

		if (strspn(state, letters) == 5 &&
		    strncmp(state + 5, ": ", 2) == 0) {
			memcpy(sqlstate, state, 5);
			sqlstate[5] = '\0';
			return true;
		}
	}
	return false;
}
