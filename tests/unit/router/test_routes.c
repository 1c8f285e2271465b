/* Routes: what documents mean, and what is refused with its place. */
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "http/target.h"
#include "router/routes.h"
#include "router/routes_load.h"

#define HEAD                                                                   \
	"apiVersion: networking.istio.io/v1beta1\n"                            \
	"kind: VirtualService\n"                                               \
	"metadata: {name: api-routing, namespace: production}\n"               \
	"spec:\n"                                                              \
	"  hosts: [api.company.com]\n"                                         \
	"  gateways: [api-gateway]\n"                                          \
	"  http:\n"

/* The shape users have: methods as a list under oneOf, and the port beside
 * the destination instead of inside it. */
static const char user_file[] =
	HEAD "  - match:\n"
	     "    - uri:\n"
	     "        prefix: \"/api/v1/customers\"\n"
	     "      method:\n"
	     "        exact: GET\n"
	     "    route:\n"
	     "    - destination:\n"
	     "        host: customer-service-readonly\n"
	     "      port:\n"
	     "        number: 8080\n"
	     "      weight: 100\n"
	     "  - match:\n"
	     "    - uri:\n"
	     "        prefix: \"/api/v1/customers\"\n"
	     "      method:\n"
	     "        oneOf: [POST, PUT, DELETE, PATCH]\n"
	     "    route:\n"
	     "    - destination:\n"
	     "        host: magento-api\n"
	     "      port:\n"
	     "        number: 80\n"
	     "      weight: 100\n";

static const struct routes_conf conf = { .magento = "magento-api:80",
					 .upstreams = "",
					 .allow_auth_none = false };

static struct routes *parsed(const char *text, const struct routes_conf *how)
{
	struct routes *routes = NULL;
	struct err err = { 0 };

	if (routes_parse("f.yaml", text, strlen(text), how, &routes, &err) < 0)
		fail_msg("%s", err.msg);
	return routes;
}

/* The error text holds `want`. */
static void refused(const char *text, const char *want)
{
	struct routes *routes = NULL;
	struct err err = { 0 };
	int rc = routes_parse("f.yaml", text, strlen(text), &conf, &routes,
			      &err);

	if (rc == 0)
		fail_msg("loaded, but \"%s\" was expected", want);
	assert_int_equal(rc, ERR_CONFIG);
	if (!strstr(err.msg, want))
		fail_msg("\"%s\" has no \"%s\"", err.msg, want);
}

static const struct route *find(const struct routes *routes, const char *method,
				const char *path)
{
	return routes_find(routes, http_method_of(str_of(method)), str_of(path),
			   NULL);
}

TEST(the_users_file_loads_as_it_is)
{
	struct routes *r = parsed(user_file, &conf);
	const struct route *read = find(r, "GET", "/api/v1/customers/5");
	const struct route *write = find(r, "POST", "/api/v1/customers");

	assert_int_equal(r->n, 2);
	assert_int_equal(r->n_warnings, 0);
	assert_ptr_equal(read, &r->rules[0]);
	assert_true(read->gated);
	assert_true(read->fallback);
	assert_int_equal(read->domain, DOMAIN_CUSTOMER);
	assert_int_equal(read->flag, DOMAIN_CUSTOMER);
	assert_int_equal(read->resource, ROUTE_CUSTOMERS);
	assert_int_equal(read->auth, ROUTE_AUTH_MAGENTO);
	assert_int_equal(r->upstreams[read->destinations[0].upstream].port,
			 8080);
	assert_ptr_equal(write, &r->rules[1]);
	assert_false(write->gated);
	assert_int_equal(write->destinations[0].upstream, ROUTE_MAGENTO);
	assert_ptr_equal(find(r, "PATCH", "/api/v1/customers/5"), write);
	assert_null(find(r, "OPTIONS", "/api/v1/customers"));
	assert_null(find(r, "GET", "/api/v1/orders"));
	routes_free(r);
}

TEST(a_destination_can_be_the_copy_by_setting)
{
	struct routes_conf how = conf;
	struct routes *r;

	how.upstreams = "customer-service-readonly=copy, magento-api=magento";
	how.magento = "10.0.0.7:8000";
	r = parsed(user_file, &how);
	assert_int_equal(r->rules[0].destinations[0].upstream, ROUTE_COPY);
	assert_int_equal(r->rules[1].destinations[0].upstream, ROUTE_MAGENTO);
	routes_free(r);
}

TEST(a_prefix_ends_at_a_segment)
{
	static const struct {
		const char *path;
		bool fits;
	} cases[] = {
		{ "/api/v1/customers", true },
		{ "/api/v1/customers/", true },
		{ "/api/v1/customers/5/x", true },
		{ "/api/v1/customersX", false },
		{ "/api/v1/customers-render-info", false },
		{ "/api/v1/customer", false },
		{ "/API/v1/customers", false },
		{ "/api/v1/%63ustomers", false },
		{ "/x/api/v1/customers", false },
	};
	struct routes *r = parsed(user_file, &conf);

	for (size_t i = 0; i < LENGTH(cases); i++)
		assert_int_equal(find(r, "GET", cases[i].path) != NULL,
				 cases[i].fits);
	routes_free(r);
}

TEST(the_first_match_is_taken)
{
	struct routes *r = parsed(
		HEAD "  - match: [{uri: {exact: /a/b}}]\n"
		     "    name: one\n"
		     "    route: [{destination: {host: x, port: "
		     "{number: 1}}}]\n"
		     "  - match: [{uri: {prefix: /a}}, {uri: {prefix: /c}}]\n"
		     "    name: two\n"
		     "    route: [{destination: {host: magento}}]\n"
		     "  - name: rest\n"
		     "    route: [{destination: {host: magento}}]\n",
		&conf);

	assert_string_equal(find(r, "GET", "/a/b")->name, "one");
	assert_string_equal(find(r, "GET", "/a/b/c")->name, "two");
	assert_string_equal(find(r, "PUT", "/c")->name, "two");
	assert_string_equal(find(r, "GET", "/")->name, "rest");
	assert_int_equal(r->n_warnings, 0);
	routes_free(r);
}

TEST(a_rule_that_is_never_reached_is_a_warning)
{
	struct routes *r =
		parsed(HEAD "  - match: [{uri: {prefix: /a}}]\n"
			    "    route: [{destination: {host: magento}}]\n"
			    "  - match: [{uri: {prefix: /a/b}, method: "
			    "{exact: GET}}]\n"
			    "    name: lost\n"
			    "    route: [{destination: {host: magento}}]\n",
		       &conf);

	assert_int_equal(r->n_warnings, 1);
	assert_non_null(strstr(r->warnings[0], "lost"));
	assert_non_null(strstr(r->warnings[0], "f.yaml:10"));
	routes_free(r);
}

TEST(a_get_rule_takes_head_too)
{
	struct routes *r = parsed(user_file, &conf);

	assert_non_null(find(r, "HEAD", "/api/v1/customers/5"));
	routes_free(r);
}

TEST(the_built_in_routes_load)
{
	struct routes *r = NULL;
	struct err err = { 0 };

	assert_int_equal(routes_load("", &conf, &r, &err), 0);
	assert_int_equal(r->n_warnings, 0);
	assert_int_equal(find(r, "GET", "/api/v1/orders/5")->domain,
			 DOMAIN_ORDER);
	assert_int_equal(find(r, "GET", "/api/v1/categories")->domain,
			 DOMAIN_CATALOG);
	assert_false(find(r, "POST", "/api/v1/orders")->gated);
	assert_false(find(r, "GET", "/rest/V1/orders/5")->gated);
	assert_int_equal(find(r, "GET", "/api/v1/orders/5")->auth,
			 ROUTE_AUTH_MAGENTO);
	routes_free(r);
}

TEST(the_built_in_routes_follow_the_setting_on_authorisation)
{
	struct routes_conf how = conf;
	struct routes *r = NULL;
	struct err err = { 0 };

	how.allow_auth_none = true;
	assert_int_equal(routes_load("", &how, &r, &err), 0);
	assert_int_equal(find(r, "GET", "/api/v1/orders/5")->auth,
			 ROUTE_AUTH_NONE);
	routes_free(r);
}

TEST(additions_are_read)
{
	struct routes_conf how = conf;
	struct routes *r;
	const struct route *a;

	how.allow_auth_none = true;
	r = parsed(HEAD "  - match: [{uri: {prefix: /shop}, method: "
			"{exact: GET}}]\n"
			"    rewrite: {uri: /api/v1/products}\n"
			"    timeout: 750ms\n"
			"    route: [{destination: {host: copy}}]\n"
			"    x-ficus:\n"
			"      domain: catalog\n"
			"      flag: none\n"
			"      max_lag: 3s\n"
			"      auth: none\n"
			"      ryw: weak\n"
			"      fallback: none\n"
			"      omit: [a, b]\n"
			"      templates: ['/shop/{sku}']\n",
		   &how);
	a = &r->rules[0];
	assert_int_equal(a->timeout_ms, 750);
	assert_int_equal(a->max_lag_ms, 3000);
	assert_int_equal(a->flag, DOMAIN_NONE);
	assert_int_equal(a->domain, DOMAIN_CATALOG);
	assert_int_equal(a->auth, ROUTE_AUTH_NONE);
	assert_int_equal(a->ryw, ROUTE_RYW_WEAK);
	assert_false(a->fallback);
	assert_int_equal(a->n_omit, 2);
	assert_int_equal(a->n_templates, 1);
	routes_free(r);
}

#define RULE(match)                                                            \
	HEAD "  - match: [" match "]\n"                                        \
	     "    route: [{destination: {host: magento}}]\n"
#define ROUTE(route) HEAD "  - route: [" route "]\n"

TEST(what_is_not_supported_is_named_with_its_place)
{
	refused(RULE("{uri: {regex: '/a.*'}}"), "regex is not supported");
	refused(RULE("{uri: {regex: '/a.*'}}"), "f.yaml:8:");
	refused(RULE("{headers: {x: {exact: y}}}"), "headers is not supported");
	refused(RULE("{uri: {prefix: /a}, queryParams: {}}"),
		"queryParams is not supported");
	refused(HEAD "  - retries: {attempts: 3}\n"
		     "    route: [{destination: {host: magento}}]\n",
		"f.yaml:8:5: retries is not supported");
	refused(RULE("{uri: {prefix: /a}, methd: {exact: GET}}"), "methd");
	refused(RULE("{uri: {prefix: a}}"), "is no path");
	refused(RULE("{uri: {prefix: /a, exact: /b}}"), "exact or prefix");
	refused(RULE("{method: {exact: get}}"), "\"get\"");
	refused(RULE("{method: {exact: TRACE}}"), "TRACE");
	refused(ROUTE("{destination: {host: x}}"), "no port");
	refused(ROUTE("{destination: {host: x, port: {number: 0}}}"), "");
	refused(ROUTE("{destination: {host: magento}, weight: 50}"),
		"sum up to 50");
	refused(ROUTE("{destination: {host: copy}}"), "GET and HEAD");
	refused("kind: Gateway\nspec: {}\n", "VirtualService");
	refused(HEAD "  - route: []\n", "at least one");
	refused("kind: VirtualService\nspec: {tcp: []}\n",
		"tcp is not supported");
	refused(HEAD "  - match: [{uri: {prefix: /a}}]\n"
		     "    timeout: 5 parsecs\n"
		     "    route: [{destination: {host: magento}}]\n",
		"no duration");
}

TEST(customers_for_anyone_need_a_setting)
{
	const char *text =
		HEAD "  - match: [{uri: {prefix: /api/v1/customers}, method: "
		     "{exact: GET}}]\n"
		     "    route: [{destination: {host: copy}}]\n"
		     "    x-ficus: {auth: none}\n";
	struct routes_conf how = conf;
	struct routes *r;

	refused(text, "router.allow_auth_none");
	how.allow_auth_none = true;
	r = parsed(text, &how);
	assert_int_equal(r->rules[0].auth, ROUTE_AUTH_NONE);
	routes_free(r);
}

TEST(addresses_are_strict)
{
	static const char *const bad[] = {
		"",    "magento", "https://magento:443",
		"a:0", "a:65536", "::1:80",
		":80", "a:80x",
	};

	for (size_t i = 0; i < LENGTH(bad); i++) {
		struct routes_conf how = { bad[i], "", false };
		struct routes *r = NULL;
		struct err err = { 0 };

		assert_int_equal(routes_load("", &how, &r, &err), ERR_CONFIG);
		assert_non_null(strstr(err.msg, "router.magento"));
	}
}

static bool fits(const char *template, const char *path)
{
	struct arena arena;
	struct http_target target;
	struct template t;
	bool ok;

	arena_init(&arena);
	assert_true(template_parse(&t, template, &arena));
	http_target_parse(&target, str_of(path), &arena);
	ok = template_match(&t, &target);
	arena_done(&arena);
	return ok;
}

TEST(templates_take_whole_segments)
{
	assert_true(fits("/c/{id}", "/c/5"));
	assert_true(fits("/c/{id}", "/c/5?x=1"));
	assert_false(fits("/c/{id}", "/c/05"));
	assert_false(fits("/c/{id}", "/c/me"));
	assert_false(fits("/c/{id}", "/c/5/x"));
	assert_false(fits("/c/{id}", "/c"));
	assert_false(fits("/c/{id}", "/c/"));
	assert_true(fits("/p/{sku}", "/p/a%2Fb"));
	assert_false(fits("/p/{sku}", "/p/a/b"));
	assert_false(fits("/p/{sku}", "/p/attributes"));
	assert_false(fits("/p/{sku}", "/p/%61ttributes"));
	assert_false(fits("/p/{sku}", "/p/.."));
	assert_false(fits("/p/{sku}", "/p/%2e%2e"));
	assert_true(fits("/rest/{store}/V1/x", "/rest/de_at/V1/x"));
	assert_false(fits("/rest/{store}/V1/x", "/rest/a-b/V1/x"));
}

RUN(CASE(the_users_file_loads_as_it_is),
    CASE(a_destination_can_be_the_copy_by_setting),
    CASE(a_prefix_ends_at_a_segment), CASE(the_first_match_is_taken),
    CASE(the_built_in_routes_follow_the_setting_on_authorisation),
    CASE(a_rule_that_is_never_reached_is_a_warning),
    CASE(a_get_rule_takes_head_too), CASE(the_built_in_routes_load),
    CASE(additions_are_read),
    CASE(what_is_not_supported_is_named_with_its_place),
    CASE(customers_for_anyone_need_a_setting), CASE(addresses_are_strict),
    CASE(templates_take_whole_segments))
