/* One field of the native JSON: its name, where either side has it, and how
 * its text is written.
 *
 * Both sides, PostgreSQL's rows and Magento's JSON, come down to a text or
 * nothing; one writer per cast makes the same JSON of both. A text that does
 * not fit its cast is written as null: never as something that is no JSON. */
#ifndef ROUTER_READ_FIELD_H
#define ROUTER_READ_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct arena;
struct json;
struct json_node;

enum field_cast {
	FIELD_INT,    /* whole number */
	FIELD_ID,     /* the same, 0 meaning none: null */
	FIELD_NUMBER, /* decimal: no exponent, no trailing zeros, as exact as
		       * it came */
	FIELD_TEXT,
	FIELD_BOOL,   /* any number but 0, or "t" */
	FIELD_FLAG,   /* the same, nothing meaning false */
	FIELD_TIME,   /* UTC "2026-03-01 12:00:00[.5][+00]" → ISO 8601, Z */
	FIELD_LINES,  /* array of the text's lines */
	FIELD_COMMAS, /* array of the text's parts between commas */
	/* Object of attribute code → text, in order of the codes; nothing for
	 * NULL. Texts, as Magento's custom_attributes have them, because only
	 * the attribute's type would tell a number from digits. */
	FIELD_ATTRIBUTES,
};

/* How Magento's side is found: a path in its JSON ("a.b.0.c"); "@code" is the
 * value of that custom attribute; NULL: Magento's REST does not have it, so it
 * is null there. */
struct field {
	const char *json;
	const char *sql; /* an expression over the entity's statement */
	const char *magento;
	enum field_cast cast;
};

/* What a side has for a field. */
struct field_value {
	struct str text;	      /* at NULL: nothing */
	const struct json_node *node; /* of FIELD_ATTRIBUTES instead */
};

/* The value of a field, behind its key. Codes in `hidden`, NULL-terminated,
 * are no attributes; arena holds what sorting needs. */
void field_write(struct json *w, enum field_cast cast, struct field_value value,
		 const char *const *hidden, struct arena *arena);

/* A decimal of any spelling ("021.500", "1.0e-5") → "21.5", "0.00001" in the
 * arena; false when it is none, or would have more than 128 characters. */
bool field_decimal(struct str text, struct arena *arena, struct str *ret);

/* The text of a JSON value: a string's, a number's as it stands, "1" and "0"
 * for booleans, array members joined by `separator`; nothing for null and
 * objects. */
struct str field_node_text(const struct json_node *node, char separator,
			   struct arena *arena);

#endif
