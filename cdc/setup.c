#include "cdc/setup.h"

#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/catalog.h"
#include "cdc/doctor.h"
#include "cdc/extend.h"
#include "cdc/migrate.h"
#include "cdc/since.h"
#include "transform/losses.h"
#include "transform/mapping.h"
#include "transform/transform.h"

/* The mapping as installed, or in the tree this was built from. */
static const char *default_mapping(void)
{
	return access(FICUS_MAPPING_INSTALLED, R_OK) == 0
		       ? FICUS_MAPPING_INSTALLED
		       : FICUS_MAPPING_SOURCE;
}

static void target_config(const struct settings *s, struct pg_config *ret)
{
	*ret = (struct pg_config){
		.host = s->target_host,
		.port = s->target_port,
		.user = s->target_user,
		.password = s->target_password,
		.password_file = s->target_password_file,
		.database = s->target_database,
		.schema = s->target_schema,
		.options = s->target_options,
		.application = "ficus cdc",
		.connect_timeout_ms = s->target_connect_timeout,
		.tcp_user_timeout_ms = s->target_timeout,
		.answer_timeout_ms = s->target_timeout,
	};
}

static enum log_level level_of(const char *name)
{
	if (strcmp(name, "err") == 0)
		return LOG_ERR;
	if (strcmp(name, "warn") == 0)
		return LOG_WARN;
	return strcmp(name, "debug") == 0 ? LOG_DEBUG : LOG_INFO;
}

static int load_mapping(const struct settings *s, struct mapping **ret,
			struct err *err)
{
	CLEANUP(mapping_freep) struct mapping *mapping = NULL;
	struct str files = str_of(s->extend);
	int rc = mapping_load(*s->mapping ? s->mapping : default_mapping(),
			      s->source_table_prefix, &mapping, err);

	while (rc == 0 && files.n > 0) {
		struct str file = str_split(&files, ',');
		CLEANUP(mem_freep) char *path = mem_strndup(file.at, file.n);

		rc = mapping_extend(mapping, path, err);
	}
	if (rc == 0)
		rc = privacy_set(mapping, s->exclude, s->hash, s->hash_key,
				 err);
	if (rc == 0)
		rc = since_check(s, mapping, err);
	if (rc == 0)
		*ret = TAKE(mapping);
	return rc;
}

int setup_load(const char *config, struct setup *ret, struct err *err)
{
	*ret = (struct setup){ .losses = losses_new() };

	int rc = settings_load(config, &ret->settings, err);
	if (rc < 0) {
		setup_done(ret);
		return rc;
	}
	const struct settings *s = &ret->settings;
	log_setup("cdc", level_of(s->log_level), s->log_json);
	target_config(s, &ret->target);
	source_config_of(s, &ret->source);
	source_config_head(s, &ret->head);
	rc = load_mapping(s, &ret->mapping, err);
	if (rc < 0)
		setup_done(ret);
	return rc;
}

void setup_done(struct setup *setup)
{
	mapping_free(setup->mapping);
	setup->mapping = NULL;
	losses_free(TAKE(setup->losses));
	settings_done(&setup->settings);
}

int setup_preflight(struct setup *setup, struct err *err)
{
	CLEANUP(doctor_freep)
	struct doctor *doctor = doctor_run(&setup->settings, setup->mapping);

	for (size_t i = 0; i < doctor_count(doctor); i++) {
		const struct doctor_item *item = doctor_item(doctor, i);

		if (item->level == DOCTOR_FAIL)
			return err_set(err, doctor_code(doctor), "%s: %s%s%s",
				       item->name, item->text,
				       item->cure ? "; " : "",
				       item->cure ? item->cure : "");
		if (item->level == DOCTOR_WARN)
			log_warn("preflight", KV_STR("check", item->name),
				 KV_STR("found", item->text),
				 KV_STR("cure", item->cure));
	}
	setup->checked = true;
	return 0;
}

int setup_target(struct setup *setup, struct err *err)
{
	CLEANUP(pg_closep) struct pg *pg = NULL;
	size_t applied = 0;
	int rc = pg_connect(&setup->target, &pg, err);

	if (rc == 0)
		rc = migrate_run(pg, setup->target.schema, &applied, err);
	if (rc == 0 && applied > 0)
		log_info("migrations applied", KV_INT("count", applied));
	if (rc == 0)
		rc = extend_target(pg, setup->mapping, err);
	if (rc == 0)
		rc = since_load(pg, &setup->settings, setup->mapping, err);
	if (rc == 0 && setup->mapping->targets[0]->count == 0)
		rc = catalog_load(pg, setup->mapping, err);
	return rc;
}

static const char *text_or_null(const struct pg_result *r, size_t row,
				size_t column)
{
	return pg_null(r, row, column) ? NULL : pg_text(r, row, column);
}

int setup_attributes(struct pg *pg, struct transform *transform,
		     struct err *err)
{
	CLEANUP(pg_result_freep) struct pg_result *types = NULL;
	CLEANUP(pg_result_freep) struct pg_result *attributes = NULL;
	int rc = pg_query(pg,
			  "select entity_type_id, entity_type_code, "
			  "entity_table from entity_types",
			  NULL, 0, &types, err);

	if (rc == 0)
		rc = pg_query(pg,
			      "select attribute_id, entity_type_id, "
			      "attribute_code, backend_type, backend_table "
			      "from attributes",
			      NULL, 0, &attributes, err);
	if (rc < 0)
		return err_wrap(err, "attribute map");
	for (size_t i = 0; i < pg_rows(types); i++)
		transform_entity_type(transform, pg_int(types, i, 0),
				      pg_text(types, i, 1),
				      text_or_null(types, i, 2));
	for (size_t i = 0; i < pg_rows(attributes); i++)
		transform_attribute(transform, pg_int(attributes, i, 0),
				    pg_int(attributes, i, 1),
				    pg_text(attributes, i, 2),
				    pg_text(attributes, i, 3),
				    text_or_null(attributes, i, 4));
	return 0;
}
