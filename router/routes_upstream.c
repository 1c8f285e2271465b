#include "router/routes_upstream.h"

#include <string.h>

#include "base/err.h"
#include "router/routes.h"
#include "router/routes_load.h"

bool routes_address(struct routes *routes, struct str text,
		    const char **ret_host, uint16_t *ret_port)
{
	const char *colon = text.n ? memrchr(text.at, ':', text.n) : NULL;
	struct str host, port;
	uint64_t number;

	if (!colon)
		return false;
	host = (struct str){ text.at, (size_t)(colon - text.at) };
	port = (struct str){ colon + 1, text.n - host.n - 1 };
	if (!str_to_u64(port, &number) || number == 0 || number > 65535)
		return false;
	if (host.n > 2 && host.at[0] == '[' && host.at[host.n - 1] == ']')
		host = (struct str){ host.at + 1, host.n - 2 };
	else if (memchr(host.at, ':', host.n))
		return false;
	if (host.n == 0 || host.n > 255 || memchr(host.at, '/', host.n))
		return false;
	*ret_host = arena_strndup(&routes->arena, host.at, host.n);
	*ret_port = (uint16_t)number;
	return true;
}

static int upstream_add(struct routes *routes, struct route_upstream upstream,
			struct err *err)
{
	if (routes->n_upstreams == ROUTE_UPSTREAMS_MAX)
		return err_set(err, ERR_CONFIG, "more than %d upstreams",
			       ROUTE_UPSTREAMS_MAX);
	routes->upstreams[routes->n_upstreams] = upstream;
	return (int)routes->n_upstreams++;
}

/* One "name=host:port", "name=copy" or "name=magento" of router.upstreams. An
 * alias is an entry with the same address as what it stands for. */
static int upstream_setting(struct routes *routes, struct str text,
			    struct err *err)
{
	struct str rest = text, name = str_trim(str_split(&rest, '='));
	struct route_upstream upstream = { 0 };
	int rc;

	rest = str_trim(rest);
	upstream.name = arena_strndup(&routes->arena, name.at, name.n);
	if (name.n == 0 || str_eqs(name, "copy") || str_eqs(name, "magento"))
		return err_set(err, ERR_CONFIG,
			       "router.upstreams: \"%.*s\": write "
			       "name=host:port, name=copy or name=magento",
			       (int)text.n, text.at);
	if (str_eqs(rest, "magento")) {
		upstream.host = routes->upstreams[ROUTE_MAGENTO].host;
		upstream.port = routes->upstreams[ROUTE_MAGENTO].port;
	} else if (!str_eqs(rest, "copy") &&
		   !routes_address(routes, rest, &upstream.host,
				   &upstream.port)) {
		return err_set(err, ERR_CONFIG,
			       "router.upstreams: \"%.*s\": \"%.*s\" is no "
			       "host:port (https is not spoken to upstreams)",
			       (int)text.n, text.at, (int)rest.n, rest.at);
	}
	rc = upstream_add(routes, upstream, err);
	return rc < 0 ? err_wrap(err, "router.upstreams") : 0;
}

int routes_upstreams_init(struct routes *routes, const struct routes_conf *conf,
			  struct err *err)
{
	struct route_upstream magento = { .name = "magento" };
	struct str rest = str_of(conf->upstreams);

	routes->upstreams = arena_array(&routes->arena, struct route_upstream,
					ROUTE_UPSTREAMS_MAX);
	if (!routes_address(routes, str_of(conf->magento), &magento.host,
			    &magento.port))
		return err_set(err, ERR_CONFIG,
			       "router.magento: \"%s\" is no host:port (https "
			       "is not spoken to upstreams)",
			       conf->magento);
	routes->upstreams[ROUTE_MAGENTO] = magento;
	routes->upstreams[ROUTE_COPY] =
		(struct route_upstream){ .name = "copy" };
	routes->n_upstreams = 2;
	while (rest.n > 0) {
		struct str text = str_trim(str_split(&rest, ','));
		int rc = text.n ? upstream_setting(routes, text, err) : 0;

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What an alias stands for, so that pools are shared and a destination is
 * recognised as Magento or the copy whatever it is called. */
static int upstream_same(const struct routes *routes, size_t i)
{
	const struct route_upstream *a = &routes->upstreams[i];

	for (size_t j = 0; j < i; j++) {
		const struct route_upstream *b = &routes->upstreams[j];

		if (!a->host && !b->host)
			return (int)j;
		if (a->host && b->host && a->port == b->port &&
		    strcmp(a->host, b->host) == 0)
			return (int)j;
	}
	return (int)i;
}

int routes_upstream(struct routes *routes, const char *host, uint16_t port,
		    unsigned line, struct err *err)
{
	struct route_upstream made = {
		.name = host, .host = host, .port = port, .line = line
	};
	int rc;

	for (size_t i = 0; i < routes->n_upstreams; i++) {
		const struct route_upstream *known = &routes->upstreams[i];

		if (strcmp(known->name, host) == 0 &&
		    (known->line == 0 || known->port == port))
			return upstream_same(routes, i);
	}
	if (port == 0)
		return err_set(err, ERR_CONFIG,
			       "destination %s has no port, and "
			       "router.upstreams has no %s=host:port",
			       host, host);
	made.name = made.host =
		arena_strndup(&routes->arena, host, strlen(host));
	rc = upstream_add(routes, made, err);
	return rc < 0 ? rc : upstream_same(routes, (size_t)rc);
}
