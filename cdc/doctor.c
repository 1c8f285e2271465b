#include "cdc/doctor.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "cdc/doctor_impl.h"

enum { TEXT_MAX = 1024, WIDTH = 100, LEVEL_WIDTH = 6 };

struct doctor {
	struct doctor_item *items; /* owned */
	size_t count;
	int code; /* of the first FAIL; 0: none yet */
};

static const char *const level_names[] = {
	[DOCTOR_OK] = "OK",
	[DOCTOR_WARN] = "WARN",
	[DOCTOR_FAIL] = "FAIL",
};

void doctor_add(struct doctor *doctor, enum doctor_level level,
		const char *name, const char *cure, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (level == DOCTOR_FAIL && !doctor->code)
		doctor->code = ERR_OPERATOR;
	doctor->items = mem_realloc(
		doctor->items, (doctor->count + 1) * sizeof(*doctor->items));
	doctor->items[doctor->count++] = (struct doctor_item){
		.level = level,
		.name = name,
		.text = mem_strdup(text),
		.cure = level != DOCTOR_OK && cure && *cure ? mem_strdup(cure)
							    : NULL,
	};
}

void doctor_add_err(struct doctor *doctor, const char *name,
		    const struct err *err)
{
	bool server = err->code == ERR_SOURCE || err->code == ERR_SOURCE_LOST ||
		      err->code == ERR_TARGET || err->code == ERR_TARGET_LOST;

	if (server && !doctor->code)
		doctor->code = err->code;
	doctor_add(doctor, DOCTOR_FAIL, name, NULL, "%s", err->msg);
}

struct doctor *doctor_run(const struct settings *settings,
			  struct mapping *mapping)
{
	struct doctor *doctor = mem_zalloc(sizeof(*doctor));
	struct doctor_place place = { 0 };

	doctor_target(doctor, settings, mapping, &place);
	doctor_source(doctor, settings, mapping, &place);
	free(place.position);
	free(place.source_id);
	free(place.file_position);
	return doctor;
}

void doctor_free(struct doctor *doctor)
{
	if (!doctor)
		return;
	for (size_t i = 0; i < doctor->count; i++) {
		free(doctor->items[i].text);
		free(doctor->items[i].cure);
	}
	free(doctor->items);
	free(doctor);
}

void doctor_freep(struct doctor **doctor)
{
	doctor_free(*doctor);
}

size_t doctor_count(const struct doctor *doctor)
{
	return doctor->count;
}

const struct doctor_item *doctor_item(const struct doctor *doctor, size_t i)
{
	return &doctor->items[i];
}

enum doctor_level doctor_worst(const struct doctor *doctor)
{
	enum doctor_level worst = DOCTOR_OK;

	for (size_t i = 0; i < doctor->count; i++)
		if (doctor->items[i].level > worst)
			worst = doctor->items[i].level;
	return worst;
}

int doctor_code(const struct doctor *doctor)
{
	return doctor->code;
}

/* Columns that a text takes: its bytes but those that continue a character. */
static size_t columns(struct str text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += ((unsigned char)text.at[i] & 0xc0) != 0x80;
	return n;
}

/* Words, from column `from` on, with new lines indented as far. */
static void add_words(struct buf *out, struct str text, size_t from)
{
	size_t at = from;

	while (text.n > 0) {
		struct str word = str_split(&text, ' ');

		if (at > from && at + 1 + columns(word) > WIDTH) {
			buf_addf(out, "\n%*s", (int)from, "");
			at = from;
		} else if (at > from) {
			buf_addc(out, ' ');
			at++;
		}
		buf_add(out, word.at, word.n);
		at += columns(word);
	}
	buf_addc(out, '\n');
}

static size_t name_width(const struct doctor *doctor)
{
	size_t width = 0;

	for (size_t i = 0; i < doctor->count; i++)
		if (strlen(doctor->items[i].name) > width)
			width = strlen(doctor->items[i].name);
	return width;
}

void doctor_print(const struct doctor *doctor, struct buf *out)
{
	int width = (int)name_width(doctor);
	size_t from = LEVEL_WIDTH + (size_t)width + 2;
	size_t counts[LENGTH(level_names)] = { 0 };

	for (size_t i = 0; i < doctor->count; i++) {
		const struct doctor_item *item = &doctor->items[i];

		counts[item->level]++;
		buf_addf(out, "%-*s%-*s  ", LEVEL_WIDTH,
			 level_names[item->level], width, item->name);
		add_words(out, str_of(item->text), from);
		if (!item->cure)
			continue;
		buf_addf(out, "%*scure: ", (int)from, "");
		add_words(out, str_of(item->cure), from + strlen("cure: "));
	}
	buf_addf(out, "\n%zu OK, %zu WARN, %zu FAIL\n", counts[DOCTOR_OK],
		 counts[DOCTOR_WARN], counts[DOCTOR_FAIL]);
}

void doctor_json(const struct doctor *doctor, struct buf *out)
{
	static const char *const results[] = { "ok", "warn", "fail" };
	struct json w;

	json_init(&w, out, JSON_PLAIN);
	json_begin_object(&w);
	json_key(&w, "result");
	json_str(&w, results[doctor_worst(doctor)]);
	json_key(&w, "items");
	json_begin_array(&w);
	for (size_t i = 0; i < doctor->count; i++) {
		const struct doctor_item *item = &doctor->items[i];

		json_begin_object(&w);
		json_key(&w, "level");
		json_str(&w, results[item->level]);
		json_key(&w, "name");
		json_str(&w, item->name);
		json_key(&w, "text");
		json_str(&w, item->text);
		json_key(&w, "cure");
		json_str(&w, item->cure);
		json_end_object(&w);
	}
	json_end_array(&w);
	json_end_object(&w);
	buf_addc(out, '\n');
}
