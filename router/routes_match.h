/* Reading a rule's `match`, and what all of making routes needs of YAML. */
#ifndef ROUTER_ROUTES_MATCH_H
#define ROUTER_ROUTES_MATCH_H

#include "base/defs.h"

struct err;
struct route;
struct routes;
struct routes_conf;
struct yaml;
struct yaml_node;

struct routes_loader {
	struct routes *routes;
	const struct yaml *doc;
	const struct routes_conf *conf;
};

/* The matches of a rule; without `match` one that takes everything. */
int routes_match(const struct routes_loader *l, const struct yaml_node *node,
		 struct route *rule, struct err *err) MUST_CHECK;
/* A map with these keys only; keys of Istio that we lack are named. */
int routes_known(const struct routes_loader *l, const struct yaml_node *map,
		 const char *const *keys, struct err *err) MUST_CHECK;
/* node is a list that is not empty; the error is shown at node or parent. */
int routes_list(const struct routes_loader *l, const struct yaml_node *node,
		const char *what, const struct yaml_node *parent,
		struct err *err) MUST_CHECK;
char *routes_text(const struct routes_loader *l, const char *text);

#endif
