/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEGA_BASE_CLI_H
#define VEGA_BASE_CLI_H
/*
 * What every program shares: --version, JSON output, verbs, progress, and numbers with units as a person writes them.
 */
#include <argp.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "hugepages/base/attr.h"

/* Print a JSON object on standard output, keys in the order they were set, and free it. Returns 0 or -EIO. */
int vega_cli_json(json_t *object);

/*
 * What was printed goes out now: for a program that then goes on. At its end it does so by itself, and what is lost there ends with
 * 74. Returns 0 or -EIO.
 */
int vega_cli_flush(void) VEGA_MUST_CHECK;

/* JSON of jansson holds 63 bits: what is above is told as the largest. */
json_int_t vega_json_int(uint64_t value);
void vega_json_put(json_t *object, const char *key, uint64_t value);

/* A string of any bytes, such as a path: what is not UTF-8 stands as U+FFFD; of NULL null. NULL: no memory. */
json_t *vega_json_text(const char *text);

/*
 * Set argp's --version text and the exit status of wrong usage (64). Call first in main.
 *
 * From then on closed standard streams are kept from other files, a limit of file sizes is an error instead of a signal, and a
 * program that ends well although its standard output could not be written ends with 74 and a message.
 */
void vega_cli_init(const char *program);

/*
 * Parse options. The parser returns 0, ARGP_ERR_UNKNOWN, or a negative errno with a message, which ends the parsing.
 *
 * Returns 0, or what the parser returned; --help, --version and options that argp does not know end the process.
 */
int vega_cli_parse(const struct argp *argp, int argc, char **argv, void *input) VEGA_MUST_CHECK;

/* What the verbs of a program share: its own struct, which nobody else looks into. */
struct verb_options;

/* A verb of a program with several: "vega-journal verify". */
struct vega_verb {
	const char *name;
	const char *help; /* one line, in the program's --help */
	const struct argp_option *options;
	const char *doc; /* in its own --help */
	/* Returns 0, a negative errno with a message, or an exit status above 0. */
	int (*run)(const struct verb_options *options);
};

struct vega_program {
	const char *name;
	const char *doc;
	/* As for vega_cli_parse, of the options of all verbs; its input is the verb_options. */
	argp_parser_t parse;
	const char *operands;          /* "DIR|FILE"; NULL: a verb has none */
	const struct vega_verb *verbs; /* ends with a NULL name */
};

/*
 * Parse the options of the verb named by argv[1], and run it; --help lists the verbs, --version prints the version.
 *
 * Params: options	with their defaults
 * Returns the exit status: of the verb, or its parser; 0 for --help and --version, 64 for an unknown or missing verb.
 */
int vega_cli_verb(
	int argc, char **argv, const struct vega_program *program, struct verb_options *options);

/*
 * Whole-text parsers: 0, or -EINVAL with a message that names `what`, the text found and what is wanted.
 * size:     "4096", "64KiB", "256MiB", "1GiB", "2TiB" (binary units only); in bytes
 * duration: "100ms", "10s", "5m", "1h", "250us", "50ns"; a bare number is refused; in ns
 * u64:      decimal only, min..max
 */
int vega_parse_size(const char *what, const char *text, uint64_t *ret_bytes) VEGA_MUST_CHECK;
int vega_parse_duration(const char *what, const char *text, uint64_t *ret_ns) VEGA_MUST_CHECK;
int vega_parse_u64(const char *what, const char *text, uint64_t min, uint64_t max,
	uint64_t *ret_value) VEGA_MUST_CHECK;
int vega_parse_double(const char *what, const char *text, double min, double max,
	double *ret_value) VEGA_MUST_CHECK;

/* "1.25 GiB", "3.2 M": for people, into buf (at least 32 bytes); returns buf. */
char *vega_text_bytes(char buf[32], uint64_t bytes);
char *vega_text_count(char buf[32], double count);

/*
 * One wish to stop often comes as two signals: timeout(1) sends one to its child and one to the group, a terminal that goes
 * away sends SIGHUP by its shell and by the kernel. Only what comes later than this is a second wish.
 */
#define VEGA_SAME_WISH_NS 1000000000u

/* One line that is rewritten on a terminal's standard error; nothing when it is none. */
bool vega_progress_wanted(void);
void vega_progress(const char *fmt, ...) VEGA_PRINTF(1, 2);
void vega_progress_done(void);

#endif
