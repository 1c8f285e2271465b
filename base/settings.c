#include "base/settings.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/mem.h"

struct settings_owner {
	struct arena texts;
};

#define ROW(field_, key_, type_, default_, least_, most_, env_, help_)         \
	{ .key = (key_),                                                       \
	  .type = CONF_##type_,                                                \
	  .by_default = (default_),                                            \
	  .least = (least_),                                                   \
	  .most = (most_),                                                     \
	  .env = (env_),                                                       \
	  .help = (help_),                                                     \
	  .offset = offsetof(struct settings, field_) },

static const struct conf_row rows[] = { SETTINGS(ROW) };
static const struct conf_table table = { rows, LENGTH(rows) };

static void start(struct settings *settings)
{
	*settings = (struct settings){ 0 };
	settings->owner = mem_zalloc(sizeof(*settings->owner));
	arena_init(&settings->owner->texts);
}

/* On failure *ret is untouched. */
static int finish(int rc, struct settings *loaded, struct settings *ret)
{
	if (rc != 0)
		settings_done(loaded);
	else
		*ret = *loaded;
	return rc;
}

int settings_load(const char *path, struct settings *ret, struct err *err)
{
	struct settings loaded;

	if (!path && access(SETTINGS_FILE, F_OK) == 0)
		path = SETTINGS_FILE;
	start(&loaded);
	return finish(
		conf_load(&table, path, &loaded, &loaded.owner->texts, err),
		&loaded, ret);
}

int settings_parse(const char *file, struct str content, struct settings *ret,
		   struct err *err)
{
	struct settings loaded;

	start(&loaded);
	return finish(conf_parse(&table, file, content, &loaded,
				 &loaded.owner->texts, err),
		      &loaded, ret);
}

void settings_done(struct settings *settings)
{
	if (settings->owner) {
		arena_done(&settings->owner->texts);
		free(settings->owner);
	}
	*settings = (struct settings){ 0 };
}

void settings_print(const struct settings *settings, struct buf *out)
{
	conf_print(&table, settings, out);
}

void settings_markdown(struct buf *out)
{
	conf_markdown(&table, out);
}
