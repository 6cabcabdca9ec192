/* SPDX-License-Identifier: BSD-3-Clause */
#include "hugepages/base/zone.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hugepages/base/err.h"

/*
 * A zone is its table of UTC-offset changes, sampled once from the C library day by day from 1970 to 2110; after the last
 * change its offset stays. Wall-clock seconds ("wall") are seconds since 1970-01-01 00:00 of the local calendar.
 */
#define DAY_S          86400
#define SAMPLE_END_S   (140ll * 366 * DAY_S)
#define CHANGE_CNT_MAX 2048u
#define IANA_BYTES     48u /* of a name, with its NUL */

struct change {
	int64_t at_s; /* UTC; the first is before all time */
	int64_t offset_s;
};

struct vega_zone {
	int64_t day_start_s;
	uint32_t change_cnt;
	struct change changes[];
};

/* ---- the table ------------------------------------------------------------------------------------------------ */

static int64_t
offset_by_libc(int64_t utc_s)
{
	const time_t t = (time_t)utc_s;
	struct tm tm;

	return localtime_r(&t, &tm) != NULL ? tm.tm_gmtoff : 0;
}

/* The first second in (from_s, to_s] whose offset is not that of from_s, given that to_s's is not. */
static int64_t
find_change(int64_t from_s, int64_t to_s)
{
	const int64_t before = offset_by_libc(from_s);

	while (to_s - from_s > 1) {
		const int64_t mid_s = from_s + (to_s - from_s) / 2;

		if (offset_by_libc(mid_s) == before)
			from_s = mid_s;
		else
			to_s = mid_s;
	}
	return to_s;
}

static uint32_t
sample_changes(struct change *changes)
{
	uint32_t cnt = 1;

	changes[0] = (struct change){.at_s = INT64_MIN, .offset_s = offset_by_libc(0)};
	for (int64_t s = 0; s < SAMPLE_END_S; s += DAY_S) {
		const int64_t offset_s = offset_by_libc(s + DAY_S);

		if (offset_s == changes[cnt - 1].offset_s || cnt == CHANGE_CNT_MAX)
			continue;
		changes[cnt++] =
			(struct change){.at_s = find_change(s, s + DAY_S), .offset_s = offset_s};
	}
	return cnt;
}

/* The C library takes an unknown zone for UTC without a word, so ask the database itself. */
static bool
zone_exists(const char *iana)
{
	const char *dir = getenv("TZDIR");
	char path[512];
	char magic[4];
	FILE *file;
	bool ok;

	if (iana[0] == '\0' || iana[0] == '/' || strstr(iana, "..") != NULL ||
		strncmp(iana, "right/", 6) == 0 || /* these count leap seconds */
		strlen(iana) >= IANA_BYTES)
		return false;
	(void)snprintf(
		path, sizeof(path), "%s/%s", dir != NULL ? dir : "/usr/share/zoneinfo", iana);
	file = fopen(path, "rbe");
	if (file == NULL)
		return false;
	ok = fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
	     memcmp(magic, "TZif", sizeof(magic)) == 0;
	(void)fclose(file);
	return ok;
}

/* Sample under TZ=iana, and put the process's TZ back. Returns the count of changes, 0 when memory is short. */
static uint32_t
sample_zone(const char *iana, struct change *changes)
{
	const char *tz = getenv("TZ");
	char *saved = tz != NULL ? strdup(tz) : NULL;
	char value[64];
	uint32_t cnt = 0;

	(void)snprintf(value, sizeof(value), ":%s", iana);
	if ((tz == NULL || saved != NULL) && setenv("TZ", value, 1) == 0) {
		tzset();
		cnt = sample_changes(changes);
		if (saved != NULL)
			(void)setenv("TZ", saved, 1);
		else
			(void)unsetenv("TZ");
		tzset();
	}
	free(saved);
	return cnt;
}

int
vega_zone_new(const char *iana, uint32_t day_start_s, struct vega_zone **ret_zone)
{
	static const struct change utc = {.at_s = INT64_MIN};
	const bool is_utc = strcmp(iana, "UTC") == 0; /* needs no database */
	struct change *changes = NULL;
	struct vega_zone *zone;
	uint32_t cnt = 1;

	if (day_start_s >= DAY_S)
		return VEGA_ERR_CONFIG(
			"day_start: need 0 to 86399 seconds after midnight, found %u", day_start_s);
	if (!is_utc && !zone_exists(iana))
		return VEGA_ERR_CONFIG(
			"zone: need a time zone such as Asia/Kolkata or UTC, found '%s'; "
			"see `timedatectl list-timezones`, or install tzdata",
			iana);
	if (!is_utc) {
		changes = calloc(CHANGE_CNT_MAX, sizeof(*changes));
		cnt = changes != NULL ? sample_zone(iana, changes) : 0;
	}
	zone = cnt != 0 ? calloc(1, sizeof(*zone) + cnt * sizeof(zone->changes[0])) : NULL;
	if (zone == NULL) {
		free(changes);
		return VEGA_ERR(-ENOMEM, "need memory for the table of zone %s, found none", iana);
	}
	zone->day_start_s = day_start_s;
	zone->change_cnt = cnt;
	memcpy(zone->changes, changes != NULL ? changes : &utc, cnt * sizeof(zone->changes[0]));
	free(changes);
	*ret_zone = zone;
	return 0;
}

void
vega_zone_delete(struct vega_zone *zone)
{
	free(zone);
}

/* ---- wall clock and UTC --------------------------------------------------------------------------------------- */

/* The last change at or before a time. */
static uint32_t
change_at(const struct vega_zone *zone, int64_t utc_s)
{
	uint32_t lo = 0;
	uint32_t hi = zone->change_cnt;

	while (hi - lo > 1) {
		const uint32_t mid = lo + (hi - lo) / 2;

		if (zone->changes[mid].at_s <= utc_s)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static int64_t
wall_of_utc(const struct vega_zone *zone, int64_t utc_s)
{
	return utc_s + zone->changes[change_at(zone, utc_s)].offset_s;
}

/*
 * The first instant at which the wall clock shows wall_s or more: the earlier one where it shows it twice, the
 * moment of the change where it skips it. So it never falls as wall_s rises.
 */
static int64_t
utc_of_wall(const struct vega_zone *zone, int64_t wall_s)
{
	uint32_t i = change_at(zone, wall_s - 2 * DAY_S); /* no offset is above a day */

	for (; i + 1 < zone->change_cnt; i++)
		if (zone->changes[i + 1].at_s + zone->changes[i].offset_s > wall_s)
			break;
	if (zone->changes[i].at_s > wall_s - zone->changes[i].offset_s)
		return zone->changes[i].at_s;
	return wall_s - zone->changes[i].offset_s;
}

/* Seconds to ns since the epoch, held within what 64 bits can say. */
static uint64_t
clamp_ns(int64_t utc_s)
{
	uint64_t ns;

	if (utc_s < 0)
		return 0;
	return __builtin_mul_overflow((uint64_t)utc_s, 1000000000u, &ns) ? UINT64_MAX : ns;
}

/* ---- the calendar --------------------------------------------------------------------------------------------- */

/* Days since 1970-01-01 of a Gregorian date, and back; years are counted from 1 March, so a leap day comes last. */
static int64_t
days_of_date(int64_t year, int64_t month, int64_t day)
{
	const int64_t y = month > 2 ? year : year - 1;
	const int64_t month_of_year = (month + 9) % 12;
	const int64_t day_of_year = (153 * month_of_year + 2) / 5 + day - 1;

	return 365 * y + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static uint32_t
date_of_days(int64_t days)
{
	const int64_t n = days + 719468;
	const int64_t era = n / 146097; /* 400 years; n is positive in all times we can hold */
	const int64_t in_era = n % 146097;
	const int64_t year_of_era =
		(in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	const int64_t day_of_year =
		in_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	const int64_t month_of_year = (5 * day_of_year + 2) / 153;
	const int64_t day = day_of_year - (153 * month_of_year + 2) / 5 + 1;
	const int64_t month = month_of_year < 10 ? month_of_year + 3 : month_of_year - 9;
	const int64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);

	return (uint32_t)(year * 10000 + month * 100 + day);
}

/* Days since 1970-01-01 of YYYYMMDD; 0 or -EINVAL when there is no such date, or none within 64 bits of ns. */
static int
parse_date(uint32_t yyyymmdd, int64_t *ret_days)
{
	const int64_t days = days_of_date(yyyymmdd / 10000, yyyymmdd / 100 % 100, yyyymmdd % 100);

	if (yyyymmdd < 19691231 || yyyymmdd > 25540721 || date_of_days(days) != yyyymmdd)
		return -EINVAL;
	*ret_days = days;
	return 0;
}

/* ---- trading days --------------------------------------------------------------------------------------------- */

static struct vega_day
day_of_days(const struct vega_zone *zone, int64_t days)
{
	const int64_t wall_s = days * DAY_S + zone->day_start_s;

	return (struct vega_day){
		.begin_ns = clamp_ns(utc_of_wall(zone, wall_s)),
		.end_ns = clamp_ns(utc_of_wall(zone, wall_s + DAY_S)),
		.midnight_ns = clamp_ns(utc_of_wall(zone, days * DAY_S)),
		.yyyymmdd = date_of_days(days),
	};
}

struct vega_day
vega_zone_day(const struct vega_zone *zone, uint64_t ns)
{
	const int64_t wall_s = wall_of_utc(zone, (int64_t)(ns / 1000000000u));
	int64_t days = (wall_s - zone->day_start_s + 10 * DAY_S) / DAY_S -
		       10; /* rounds down below 1970 too */
	struct vega_day day = day_of_days(zone, days);

	/* Where the clock is set back over day_start, the wall shows the day before for a second time. */
	while (ns >= day.end_ns && day.end_ns != UINT64_MAX)
		day = day_of_days(zone, ++days);
	while (ns < day.begin_ns)
		day = day_of_days(zone, --days);
	return day;
}

/* ---- times as text -------------------------------------------------------------------------------------------- */

/* Take exactly cnt digits; the value, or -1 when they are not there. *p moves past them. */
static int64_t
take_digits(const char **p, int cnt)
{
	int64_t value = 0;

	for (int i = 0; i < cnt; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool
take_char(const char **p, char wanted)
{
	if (**p != wanted)
		return false;
	(*p)++;
	return true;
}

/* One to nine digits of a fraction, in ns; -1 when there are none or more. */
static int64_t
take_fraction_ns(const char **p)
{
	int64_t ns = 0;
	int cnt = 0;

	for (; **p >= '0' && **p <= '9'; (*p)++, cnt++)
		if (cnt < 9)
			ns = ns * 10 + (**p - '0');
	if (cnt == 0 || cnt > 9)
		return -1;
	for (; cnt < 9; cnt++)
		ns *= 10;
	return ns;
}

/* HH:MM[:SS[.fraction]]: seconds after midnight, and the fraction. */
static bool
take_clock(const char **p, bool seconds_needed, int64_t *ret_s, int64_t *ret_ns)
{
	const int64_t hour = take_digits(p, 2);
	const int64_t minute = hour >= 0 && take_char(p, ':') ? take_digits(p, 2) : -1;
	int64_t second = 0;
	int64_t ns = 0;

	if (minute < 0 || hour > 23 || minute > 59)
		return false;
	if (take_char(p, ':')) {
		second = take_digits(p, 2);
		if (second >= 0 && take_char(p, '.'))
			ns = take_fraction_ns(p);
	} else if (seconds_needed) {
		return false;
	}
	*ret_s = hour * 3600 + minute * 60 + second;
	*ret_ns = ns;
	return second >= 0 && second <= 59 && ns >= 0;
}

/* Z or +HH:MM: what the text's clock is ahead of UTC, in seconds. */
static bool
take_offset(const char **p, int64_t *ret_s)
{
	const bool west = **p == '-';
	int64_t hour;
	int64_t minute;

	*ret_s = 0;
	if (take_char(p, 'Z') || take_char(p, 'z'))
		return true;
	if (!take_char(p, '+') && !take_char(p, '-'))
		return false;
	hour = take_digits(p, 2);
	minute = hour >= 0 && take_char(p, ':') ? take_digits(p, 2) : -1;
	*ret_s = (hour * 3600 + minute * 60) * (west ? -1 : 1);
	return minute >= 0 && hour <= 23 && minute <= 59;
}

/* Seconds and ns to one number; false when it is before 1970 or beyond 64 bits. */
static bool
join_ns(int64_t utc_s, int64_t ns, uint64_t *ret_ns)
{
	uint64_t whole_ns;

	return utc_s >= 0 && !__builtin_mul_overflow((uint64_t)utc_s, 1000000000u, &whole_ns) &&
	       !__builtin_add_overflow(whole_ns, (uint64_t)ns, ret_ns);
}

static bool
parse_rfc3339(const char *p, uint64_t *ret_ns)
{
	const int64_t year = take_digits(&p, 4);
	const int64_t month = year >= 0 && take_char(&p, '-') ? take_digits(&p, 2) : -1;
	const int64_t day = month >= 0 && take_char(&p, '-') ? take_digits(&p, 2) : -1;
	int64_t days;
	int64_t clock_s;
	int64_t ns;
	int64_t offset_s;

	if (day < 0 || parse_date((uint32_t)(year * 10000 + month * 100 + day), &days) != 0)
		return false;
	if (!take_char(&p, 'T') && !take_char(&p, 't') && !take_char(&p, ' '))
		return false;
	if (!take_clock(&p, true, &clock_s, &ns) || !take_offset(&p, &offset_s) || *p != '\0')
		return false;
	return join_ns(days * DAY_S + clock_s - offset_s, ns, ret_ns);
}

static bool
parse_epoch_ns(const char *p, uint64_t *ret_ns)
{
	uint64_t ns = 0;

	if (*p == '\0')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(ns, 10u, &ns) ||
			__builtin_add_overflow(ns, (uint64_t)(*p - '0'), &ns))
			return false;
	*ret_ns = ns;
	return *p == '\0';
}

static bool
parse_clock_of_day(const char *p, const struct vega_zone *zone, uint32_t yyyymmdd, uint64_t *ret_ns)
{
	int64_t days;
	int64_t clock_s;
	int64_t ns;

	if (!take_clock(&p, false, &clock_s, &ns) || *p != '\0' || parse_date(yyyymmdd, &days) != 0)
		return false;
	if (clock_s < zone->day_start_s)
		days++;
	return join_ns(utc_of_wall(zone, days * DAY_S + clock_s), ns, ret_ns);
}

int
vega_parse_time(const char *what, const char *text, const struct vega_zone *zone, uint32_t yyyymmdd,
	uint64_t *ret_ns)
{
	const bool of_day = strlen(text) >= 3 && text[2] == ':';
	uint64_t ns;

	if (of_day && (zone == NULL || yyyymmdd == 0))
		return VEGA_ERR(-EINVAL,
			"%s: need a time with its date, found '%s' and no single trading day it "
			"could belong to; "
			"write 2026-11-20T09:15:00+05:30",
			what, text);
	if (of_day ? !parse_clock_of_day(text, zone, yyyymmdd, &ns)
		   : !parse_epoch_ns(text, &ns) && !parse_rfc3339(text, &ns))
		return VEGA_ERR(-EINVAL,
			"%s: need a time such as 2026-11-20T09:15:00.000000001+05:30, ns since "
			"1970, or HH:MM:SS, "
			"found '%s'",
			what, text);
	*ret_ns = ns;
	return 0;
}

char *
vega_text_time(char buf[40], uint64_t ns)
{
	const uint64_t s = ns / 1000000000u;
	const uint32_t date = date_of_days((int64_t)(s / DAY_S));
	const uint32_t of_day = (uint32_t)(s % DAY_S);

	(void)snprintf(buf, 40, "%04u-%02u-%02uT%02u:%02u:%02u.%09uZ", date / 10000,
		date / 100 % 100, date % 100, of_day / 3600, of_day / 60 % 60, of_day % 60,
		(uint32_t)(ns % 1000000000u));
	return buf;
}
