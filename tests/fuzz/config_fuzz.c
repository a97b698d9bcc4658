/* SPDX-License-Identifier: MIT */
/* agent.yml. What is accepted is written anew and read again, and must be the same. */
#include <inttypes.h>
#include <string.h>

#include "config_read.h"
#include "fuzz.h"

static void set_defaults(struct config *config)
{
	char right[128];

	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < SETTING_COUNT; i++)
		MUST(!setting_store(&settings[i], config, settings[i].initial, right,
				    sizeof(right)));
}

/* Between YAML's single quotes only these have a meaning. */
static void print_text(struct text *text, const char *value)
{
	text_string(text, "'");
	for (; *value; value++)
		text_add(text, *value == '\'' ? "''" : value, *value == '\'' ? 2 : 1);
	text_string(text, "'");
}

static void print_value(struct text *text, const struct setting *setting,
			const struct config *config)
{
	const char *field = (const char *)config + setting->offset;
	unsigned int number;
	uint64_t kib;

	memcpy(&number, field, sizeof(number));
	switch (setting->kind) {
	case SETTING_TEXT:
	case SETTING_LIST:
		MUST(memchr(field, '\0', setting->size));
		print_text(text, field);
		break;
	case SETTING_CHOICE:
		text_string(text, setting->choices[number]);
		break;
	case SETTING_FLAG:
		text_string(text, *(const bool *)field ? "true" : "false");
		break;
	case SETTING_MIB:
		memcpy(&kib, field, sizeof(kib));
		MUST(kib / 1024 >= setting->min && kib / 1024 <= setting->max);
		text_number(text, kib / 1024);
		break;
	default:
		MUST(number >= setting->min && number <= setting->max);
		text_number(text, number);
		break;
	}
}

static void print(struct text *text, const struct config *config)
{
	size_t len = 0;

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const char *path = settings[i].path, *key = strchr(path, '.') + 1;

		if (!i || strncmp(path, settings[i - 1].path, (size_t)(key - path))) {
			len = (size_t)(key - path) - 1;
			text_format(text, "%.*s:\n", (int)len, path);
		}
		text_format(text, "  %s: ", key);
		print_value(text, &settings[i], config);
		text_string(text, "\n");
	}
}

static void accepted(const struct config *config)
{
	static struct config again;
	size_t line[SETTING_COUNT] = { 0 };
	struct text text = { 0 };
	char error[512];

	print(&text, config);
	set_defaults(&again);
	if (!config_read(fuzz_file(text.bytes, text.len), &again, line, error, sizeof(error))) {
		fprintf(stderr, "%s\n%.*s", error, (int)text.len, text.bytes);
		fuzz_broken("what was accepted is so again", __FILE__, __LINE__);
	}
	MUST(memcmp(config, &again, sizeof(again)) == 0);
	text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct config config;
	size_t line[SETTING_COUNT] = { 0 };
	const char *path = fuzz_file(data, size);
	char error[512] = "";

	set_defaults(&config);
	if (config_read(path, &config, line, error, sizeof(error))) {
		accepted(&config);
	} else {
		fuzz_sentence(error, sizeof(error), true);
		MUST(strncmp(error, path, strlen(path)) == 0 && error[strlen(path)] == ':');
	}
	return 0;
}
