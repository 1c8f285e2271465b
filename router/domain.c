#include "router/domain.h"

#include <string.h>

#include "base/defs.h"

static const struct {
	const char *name, *flag;
} domains[] = {
#define DOMAIN_ROW(name, text, flag) [DOMAIN_##name] = { text, flag },
	DOMAINS(DOMAIN_ROW)
#undef DOMAIN_ROW
		[DOMAIN_NONE] = { "none", "none" },
};

const char *domain_name(enum domain domain)
{
	return domains[domain].name;
}

const char *domain_flag(enum domain domain)
{
	return domains[domain].flag;
}

enum domain domain_of(const char *name)
{
	for (int i = 0; i < DOMAIN_N; i++) {
		if (strcmp(domains[i].name, name) == 0 ||
		    strcmp(domains[i].flag, name) == 0)
			return (enum domain)i;
	}
	return DOMAIN_NONE;
}
