/* The three parts of the shop whose reads can leave Magento, each with its
 * own flag and freshness. The order is the one used in every array. */
#ifndef ROUTER_DOMAIN_H
#define ROUTER_DOMAIN_H

/*	X(name, text, flag in ficus.feature_flags) */
#define DOMAINS(X)                                                             \
	X(CUSTOMER, "customer", "customer_read")                               \
	X(CATALOG, "catalog", "catalog_read")                                  \
	X(ORDER, "order", "order_read")

#define DOMAIN_ENUM(name, text, flag) DOMAIN_##name,
enum domain { DOMAINS(DOMAIN_ENUM) DOMAIN_N, DOMAIN_NONE = DOMAIN_N };
#undef DOMAIN_ENUM

const char *domain_name(enum domain domain); /* "none" for DOMAIN_NONE */
const char *domain_flag(enum domain domain);
enum domain domain_of(const char *name); /* by name or flag, or NONE */

#endif
