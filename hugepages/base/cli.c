/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/cli.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hugepages/base/err.h"

static char version_text[64];
static bool progress_shown;

/*
 * Where a standard stream is closed, the next file to be opened would take its place, and get the messages meant for it. What
 * stands in for it fails as a closed one does: it is opened for the wrong direction.
 */
static void
occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* What could not be printed is no success; after a failure that one counts. */
static void
end_output(int status, void *program)
{
	if ((fflush(stdout) == 0 && !ferror(stdout)) || status != EX_OK)
		return;
	(void)fprintf(stderr, "%s: need to write to standard output, found it closed or full\n",
		(const char *)program);
	_exit(EX_IOERR);
}

int
vega_cli_flush(void)
{
	if (fflush(stdout) == 0)
		return 0;
	return VEGA_ERR(-EIO, "need to write to standard output, found it closed or full");
}

void
vega_cli_init(const char *program)
{
	static char name[32];

	occupy_standard_streams();
	(void)signal(SIGXFSZ, SIG_IGN); /* a limit (ulimit -f) is a full disk, which is told */
	(void)snprintf(name, sizeof(name), "%s", program);
	(void)on_exit(end_output, name);
	(void)snprintf(version_text, sizeof(version_text), "%s %s", program, VEGA_VERSION);
	argp_program_version = version_text;
	argp_err_exit_status = EX_USAGE;
}

int
vega_cli_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	const int rc = argp_parse(argp, argc, argv, 0, NULL, input);

	if (rc > 0) /* argp's own */
		return VEGA_ERR(-rc, "need options that argp can parse, found: %s", strerror(rc));
	return rc;
}

int
vega_cli_json(json_t *object)
{
	int bad = json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));

	json_decref(object);
	if (bad != 0 || putchar('\n') == EOF || fflush(stdout) != 0)
		return VEGA_ERR(
			-EIO, "need to write JSON to standard output, found it closed or full");
	return 0;
}

json_int_t
vega_json_int(uint64_t value)
{
	return (json_int_t)(value > INT64_MAX ? INT64_MAX : value);
}

void
vega_json_put(json_t *object, const char *key, uint64_t value)
{
	(void)json_object_set_new(object, key, json_integer(vega_json_int(value)));
}

/* Bytes of the character at the front of a text that is not empty; 0: it begins with none. */
static size_t
utf8_bytes(const char *text)
{
	const size_t left = strnlen(text, 4);

	for (size_t n = 1; n <= left; n++) {
		json_t *one = json_stringn(text, n); /* which knows what a character is */

		json_decref(one);
		if (one != NULL)
			return n;
	}
	return 0;
}

json_t *
vega_json_text(const char *text)
{
	static const char unknown[] = "\xEF\xBF\xBD";
	json_t *json = text != NULL ? json_string(text) : json_null();
	char *copy = json == NULL ? malloc(strlen(text) * 3 + 1) : NULL;
	size_t used = 0;

	if (copy == NULL)
		return json;
	while (*text != '\0') {
		const size_t n = utf8_bytes(text);

		memcpy(copy + used, n != 0 ? text : unknown, n != 0 ? n : 3);
		used += n != 0 ? n : 3;
		text += n != 0 ? n : 1;
	}
	json = json_stringn(copy, used);
	free(copy);
	return json;
}

static void
print_verbs(const char *called, const struct vega_program *program)
{
	(void)printf("Usage: %s VERB [OPTION...]\n%s\n\n", called, program->doc);
	for (const struct vega_verb *v = program->verbs; v->name != NULL; v++)
		(void)printf("  %-10s %s\n", v->name, v->help);
	(void)printf("\n`%s VERB --help` gives the options of a verb.\n", called);
}

/* argv[0] is "program verb", as argp is to call it. */
static int
run_verb(int argc, char **argv, const struct vega_program *program, const struct vega_verb *verb,
	struct verb_options *options)
{
	const struct argp argp = {
		verb->options, program->parse, program->operands, verb->doc, NULL, NULL, NULL};
	int rc = vega_cli_parse(&argp, argc, argv, options);

	if (rc == 0)
		rc = verb->run(options);
	vega_progress_done();
	return rc < 0 ? vega_err_exit(program->name, rc) : rc;
}

int
vega_cli_verb(
	int argc, char **argv, const struct vega_program *program, struct verb_options *options)
{
	static char name[64];
	const char *slash = strrchr(argv[0], '/');
	const char *called = slash != NULL ? slash + 1 : argv[0];

	if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)) {
		print_verbs(called, program);
		return EX_OK;
	}
	if (argc >= 2 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
		(void)printf("%s\n", version_text);
		return EX_OK;
	}
	for (const struct vega_verb *v = program->verbs; argc >= 2 && v->name != NULL; v++) {
		if (strcmp(argv[1], v->name) != 0)
			continue;
		(void)snprintf(name, sizeof(name), "%s %s", called, v->name);
		argv[1] = name;
		return run_verb(argc - 1, argv + 1, program, v, options);
	}
	if (argc < 2)
		(void)fprintf(
			stderr, "%s: need a verb, found none; try `%s --help`\n", called, called);
	else
		(void)fprintf(stderr, "%s: need a known verb, found '%s'; try `%s --help`\n",
			called, argv[1], called);
	return EX_USAGE;
}

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit size_units[] = {{"", 1}, {"B", 1}, {"KiB", 1ull << 10},
	{"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}};
static const struct unit duration_units[] = {{"ns", 1}, {"us", 1000}, {"ms", 1000000},
	{"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000}};

/* A decimal whole number, then one of the units, then nothing. Returns 0 or -EINVAL. */
static int
parse_scaled(const char *text, const struct unit *units, size_t unit_cnt, uint64_t *ret)
{
	uint64_t value = 0;
	const char *p = text;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -EINVAL;
	if (p == text)
		return -EINVAL;
	for (size_t i = 0; i < unit_cnt; i++) {
		if (strcmp(p, units[i].suffix) != 0)
			continue;
		if (__builtin_mul_overflow(value, units[i].factor, &value))
			return -EINVAL;
		*ret = value;
		return 0;
	}
	return -EINVAL;
}

int
vega_parse_size(const char *what, const char *text, uint64_t *ret_bytes)
{
	if (parse_scaled(text, size_units, VEGA_ARRAY_CNT(size_units), ret_bytes) != 0)
		return VEGA_ERR(-EINVAL,
			"%s: need a size such as 64KiB, 256MiB or 4GiB, found '%s'; write a whole "
			"number and a binary unit",
			what, text);
	return 0;
}

int
vega_parse_duration(const char *what, const char *text, uint64_t *ret_ns)
{
	if (parse_scaled(text, duration_units, VEGA_ARRAY_CNT(duration_units), ret_ns) != 0)
		return VEGA_ERR(-EINVAL,
			"%s: need a duration such as 250us, 100ms, 10s or 1h, found '%s'; write a "
			"whole number and a unit",
			what, text);
	return 0;
}

int
vega_parse_u64(const char *what, const char *text, uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value;

	if (parse_scaled(text, size_units, 1, &value) != 0 || value < min || value > max)
		return VEGA_ERR(-EINVAL, "%s: need a whole number from %llu to %llu, found '%s'",
			what, (unsigned long long)min, (unsigned long long)max, text);
	*ret_value = value;
	return 0;
}

int
vega_parse_double(const char *what, const char *text, double min, double max, double *ret_value)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	if (end == text || *end != '\0' || errno != 0 || !isfinite(value) || value < min ||
		value > max)
		return VEGA_ERR(-EINVAL, "%s: need a number from %g to %g, found '%s'", what, min,
			max, text);
	*ret_value = value;
	return 0;
}

char *
vega_text_bytes(char buf[32], uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1024 && i + 1 < VEGA_ARRAY_CNT(units); i++)
		value /= 1024;
	(void)snprintf(buf, 32, i == 0 ? "%.0f %s" : "%.2f %s", value, units[i]);
	return buf;
}

char *
vega_text_count(char buf[32], double count)
{
	static const char *const units[] = {"", " k", " M", " G", " T"};
	size_t i = 0;

	for (; count >= 1000 && i + 1 < VEGA_ARRAY_CNT(units); i++)
		count /= 1000;
	(void)snprintf(buf, 32, i == 0 ? "%.0f%s" : "%.2f%s", count, units[i]);
	return buf;
}

bool
vega_progress_wanted(void)
{
	return isatty(STDERR_FILENO) == 1;
}

void
vega_progress(const char *fmt, ...)
{
	va_list ap;

	if (!vega_progress_wanted())
		return;
	progress_shown = true;
	(void)fputs(
		"\r\033[K\033[?7l", stderr); /* a line that wraps would scroll at every update */
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fputs("\033[?7h", stderr);
	(void)fflush(stderr);
}

void
vega_progress_done(void)
{
	if (progress_shown)
		(void)fputs("\r\033[K", stderr);
	progress_shown = false;
}
