/* Path templates: "/rest/{store}/V1/customers/{id}".
 *
 * A template is matched segment by segment against the decoded segments of a
 * target. A parameter takes exactly one segment:
 *   {id}     1 to 19 digits, no leading zero
 *   {store}  a store code: letters, digits, `_`
 *   {sku}    anything but the names of Magento's own sub-resources
 *            (`/V1/products/attributes` is no product; routes of
 *            app/code/Magento/Catalog/etc/webapi.xml)
 *   other    anything
 * Texts are borrowed; the segments are in the caller's arena. */
#ifndef ROUTER_TEMPLATE_H
#define ROUTER_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/str.h"

struct http_target;

enum template_kind {
	TEMPLATE_LITERAL,
	TEMPLATE_ID,
	TEMPLATE_STORE,
	TEMPLATE_SKU,
	TEMPLATE_ANY,
};

struct template_segment {
	enum template_kind kind;
	struct str text; /* literal */
};

struct template
{
	const char *text; /* as written */
	size_t n;
	struct template_segment *segments;
};

/* False when text is no template: no leading or a trailing `/`, empty or too
 * many segments, braces inside a segment. */
bool template_parse(struct template *ret, const char *text,
		    struct arena *arena);
/* An odd target matches nothing. */
bool template_match(const struct template *t, const struct http_target *target);

#endif
