/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hugepages/base/cli.h"
#include "hugepages/base/err.h"

/* The inside of a plot, in its own units. */
#define WIDTH   900.0
#define HEIGHT  240.0
#define MARGIN  70.0
#define TICKS   5u
#define DECADES 19u /* of nanoseconds in 64 bits, and zero below the first */

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta "
	"charset=\"utf-8\"><title>%s</title>\n<style>\n"
	"body{font:14px/1.4 sans-serif;max-width:1060px;margin:2em auto;padding:0 1em;color:#222}\n"
	"h1{font-size:1.4em}h2{font-size:1.1em;margin:1.6em 0 .3em}svg{width:100%%;height:auto}\n"
	"table{border-collapse:collapse}td{padding:.1em 1em .1em 0;border-bottom:1px "
	"solid #ddd}\n"
	"td+td{text-align:right;font-variant-numeric:tabular-nums}\n"
	"text{font-size:12px;fill:#555}.grid{stroke:#ddd}.a{stroke:#1f6fb4;fill:none;stroke-width:"
	"1.5}\n"
	".b{stroke:#d1661b;fill:none;stroke-width:1.2}.bar{fill:#1f6fb4}.ka{fill:#1f6fb4}.kb{fill:#"
	"d1661b}\n"
	"</style></head><body>\n<h1>%s</h1>\n";

/* Text of a user's as text of a page. */
static void
put_escaped(FILE *file, const char *text)
{
	for (; *text != '\0'; text++) {
		if (strchr("<>&\"", *text) != NULL)
			(void)fprintf(file, "&#%d;", *text);
		else
			(void)fputc(*text, file);
	}
}

static void
put_value(FILE *file, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		put_escaped(file, json_string_value(value));
		return;
	case JSON_INTEGER:
		(void)fprintf(file, "%lld", (long long)json_integer_value(value));
		return;
	case JSON_REAL:
		(void)fprintf(file, "%.9g", json_real_value(value));
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		(void)fputs(json_is_true(value) ? "yes" : "no", file);
		return;
	default:
		(void)fputs("&ndash;", file);
		return;
	}
}

static void
put_figures(FILE *file, const json_t *figures)
{
	const char *key;
	json_t *value;

	(void)fputs("<table>\n", file);
	json_object_foreach((json_t *)(uintptr_t)figures, key, value)
	{
		if (json_is_array(value))
			continue; /* lists are for programs */
		(void)fprintf(file, "<tr><td>%s</td><td>", key);
		put_value(file, value);
		(void)fputs("</td></tr>\n", file);
	}
	(void)fputs("</table>\n", file);
}

/* ---- axes ----------------------------------------------------------------------------------------------------- */

static void
begin_plot(FILE *file, const char *title)
{
	(void)fprintf(file,
		"<h2>%s</h2>\n<svg viewBox=\"%g %g %g %g\" xmlns=\"http://www.w3.org/2000/svg\">\n",
		title, -MARGIN, -10.0, WIDTH + MARGIN + 30, HEIGHT + 50);
}

static void
end_plot(FILE *file)
{
	(void)fputs("</svg>\n", file);
}

static const char *
text_ns(char text[24], double ns)
{
	static const char *const units[] = {"ns", "us", "ms", "s"};
	uint32_t unit = 0;

	for (; ns >= 1000 && unit < 3; unit++)
		ns /= 1000;
	(void)snprintf(text, 24, "%.4g %s", ns, units[unit]);
	return text;
}

static void
put_x_tick(FILE *file, double x, const char *text)
{
	(void)fprintf(file,
		"<line class=\"grid\" x1=\"%.1f\" y1=\"0\" x2=\"%.1f\" y2=\"%g\"/>"
		"<text x=\"%.1f\" y=\"%g\" text-anchor=\"middle\">%s</text>\n",
		x, x, HEIGHT, x, HEIGHT + 18, text);
}

static void
put_y_tick(FILE *file, double y, const char *text)
{
	(void)fprintf(file,
		"<line class=\"grid\" x1=\"0\" y1=\"%.1f\" x2=\"%g\" y2=\"%.1f\"/>"
		"<text x=\"-8\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
		y, WIDTH, y, y + 4, text);
}

static void
put_time_axis(FILE *file, double span_ns)
{
	char text[24];

	for (uint32_t i = 0; i <= TICKS; i++)
		put_x_tick(file, WIDTH * i / TICKS, text_ns(text, span_ns * i / TICKS));
}

static void
put_names(FILE *file, const char *a, const char *b)
{
	(void)fprintf(file,
		"<text class=\"ka\" x=\"0\" y=\"%g\">%s</text>"
		"<text class=\"kb\" x=\"120\" y=\"%g\">%s</text>\n",
		HEIGHT + 36, a, HEIGHT + 36, b);
}

/* Where an error stands on a logarithmic axis: 0 and 1 ns at its foot. */
static double
decades_of(double ns)
{
	return ns > 1 ? log10(ns) : 0;
}

/* ---- plots ---------------------------------------------------------------------------------------------------- */

struct series {
	const struct vega_timeline *timeline;
	uint32_t used;
	double top;                                                          /* of the axis */
	double (*value)(const struct vega_timeline *timeline, uint32_t bin); /* below 0: none */
};

static void
put_series(FILE *file, const char *class, const struct series *s)
{
	(void)fprintf(file, "<polyline class=\"%s\" points=\"", class);
	for (uint32_t i = 0; i < s->used; i++) {
		const double value = s->value(s->timeline, i);

		if (value >= 0)
			(void)fprintf(file, "%.1f,%.1f ", WIDTH * (i + 0.5) / s->used,
				HEIGHT * (1 - value / s->top));
	}
	(void)fputs("\"/>\n", file);
}

static double
error_max(const struct vega_timeline *timeline, uint32_t bin)
{
	const struct vega_timeline_bin *b = &timeline->bins[bin];

	return b->due_cnt != 0 ? decades_of((double)b->error_ns_max) : -1;
}

static double
error_mean(const struct vega_timeline *timeline, uint32_t bin)
{
	const struct vega_timeline_bin *b = &timeline->bins[bin];

	return b->due_cnt != 0 ? decades_of((double)b->error_ns_sum / (double)b->due_cnt) : -1;
}

static double
a_second(const struct vega_timeline *timeline, uint64_t cnt)
{
	return (double)cnt * 1e9 / (double)(1ull << timeline->bin_lg2);
}

static double
due_rate(const struct vega_timeline *timeline, uint32_t bin)
{
	return a_second(timeline, timeline->bins[bin].due_cnt);
}

static double
sent_rate(const struct vega_timeline *timeline, uint32_t bin)
{
	return a_second(timeline, timeline->bins[bin].sent_cnt);
}

static double
span_of(const struct vega_timeline *timeline, uint32_t used)
{
	return (double)used * (double)(1ull << timeline->bin_lg2);
}

static void
plot_errors(FILE *file, const struct vega_page *page, uint32_t used)
{
	const double top = ceil(decades_of((double)page->error->max) + 0.001);
	const struct series largest = {page->timeline, used, top, error_max};
	const struct series mean = {page->timeline, used, top, error_mean};
	char text[24];

	begin_plot(file, "Error over time");
	put_time_axis(file, span_of(page->timeline, used));
	for (uint32_t i = 0; i <= (uint32_t)top; i++)
		put_y_tick(file, HEIGHT * (1 - i / top), text_ns(text, pow(10, i)));
	put_series(file, "b", &largest);
	put_series(file, "a", &mean);
	put_names(file, "mean", "largest");
	end_plot(file);
}

/* Bars of a quarter of a decade; the first holds what is 1 ns or less. */
static void
plot_histogram(FILE *file, const struct vega_histogram *error)
{
	uint64_t bars[DECADES * 4 + 4] = {0};
	const uint32_t bar_cnt = (uint32_t)(decades_of((double)error->max) * 4) + 2;
	uint64_t top = 1;
	char text[32];

	for (uint32_t i = 0; i < VEGA_HISTOGRAM_BUCKET_CNT; i++)
		bars[(uint32_t)(decades_of((double)vega_histogram_bucket_max(i)) * 4)] +=
			error->buckets[i];
	for (uint32_t i = 0; i < bar_cnt; i++)
		top = bars[i] > top ? bars[i] : top;
	begin_plot(file, "Errors");
	for (uint32_t i = 0; i <= 4; i++)
		put_y_tick(
			file, HEIGHT * (1 - i / 4.0), vega_text_count(text, (double)top * i / 4));
	for (uint32_t i = 0; i < bar_cnt; i += 4)
		put_x_tick(file, WIDTH * i / bar_cnt, text_ns(text, pow(10, (double)i / 4)));
	for (uint32_t i = 0; i < bar_cnt; i++) {
		const double height = HEIGHT * (double)bars[i] / (double)top;

		(void)fprintf(file,
			"<rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			"height=\"%.1f\"/>\n",
			WIDTH * i / bar_cnt, HEIGHT - height, WIDTH / bar_cnt - 1, height);
	}
	end_plot(file);
}

static void
plot_rates(FILE *file, const struct vega_page *page, uint32_t used)
{
	double top = 1;
	char text[32];

	for (uint32_t i = 0; i < used; i++)
		top = fmax(top, fmax(due_rate(page->timeline, i), sent_rate(page->timeline, i)));
	begin_plot(file, "Packets a second");
	put_time_axis(file, span_of(page->timeline, used));
	for (uint32_t i = 0; i <= 4; i++)
		put_y_tick(file, HEIGHT * (1 - i / 4.0), vega_text_count(text, top * i / 4));
	if (page->has_due)
		put_series(file, "a", &(struct series){page->timeline, used, top, due_rate});
	put_series(file, "b", &(struct series){page->timeline, used, top, sent_rate});
	put_names(file, page->has_due ? page->due_name : "", page->sent_name);
	end_plot(file);
}

static void
put_page(FILE *file, const struct vega_page *page)
{
	const uint32_t used = vega_timeline_used(page->timeline);

	(void)fprintf(file, head, page->title, page->title);
	if (page->note != NULL)
		(void)fprintf(file, "<p>%s</p>\n", page->note);
	if (used != 0 && page->error->cnt != 0) {
		plot_errors(file, page, used);
		plot_histogram(file, page->error);
	}
	if (used != 0)
		plot_rates(file, page, used);
	(void)fputs("<h2>Figures</h2>\n", file);
	put_figures(file, page->figures);
	(void)fputs("</body></html>\n", file);
}

int
vega_page_write(const struct vega_page *page, const char *path)
{
	FILE *file = fopen(path, "we");
	int bad;

	if (file == NULL)
		return VEGA_ERR_EX(-errno, errno == EACCES ? EX_NOPERM : EX_CANTCREAT,
			"%s: need to create the page, found: %s; give --html another path", path,
			strerror(errno));
	put_page(file, page);
	bad = ferror(file);
	bad |= fclose(file) != 0;
	if (bad)
		return VEGA_ERR(
			-EIO, "%s: need to write the page, found: %s", path, strerror(errno));
	return 0;
}
