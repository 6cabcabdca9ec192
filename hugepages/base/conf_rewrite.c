/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The section `rewrite` of the configuration: which packets of a replay get which other addresses.
 */
#include <stdio.h>
#include <string.h>

#include "hugepages/base/conf.h"
#include "hugepages/base/conf_schema.h"
#include "hugepages/base/conf_take.h"
#include "hugepages/base/err.h"

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c | 0x20) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* "01:00:5e:46:46:29" */
static int
take_mac(const char *s, const char *key, const char *text, const char *word, bool *ret_has,
	uint8_t ret_mac[6])
{
	bool good = strlen(text) == 17;

	*ret_has = false;
	if (strcmp(text, word) == 0)
		return 0;
	for (uint32_t i = 0; good && i < 6; i++) {
		const int high = hex_digit(text[3 * i]);
		const int low = hex_digit(text[3 * i + 1]);

		good = high >= 0 && low >= 0 && (i == 5 || text[3 * i + 2] == ':');
		if (good)
			ret_mac[i] = (uint8_t)(high << 4 | low);
	}
	if (!good)
		return VEGA_ERR(-EINVAL,
			"%s%s: need an Ethernet address such as 02:00:00:00:00:01, or %s, found "
			"'%s'",
			s, key, word, text);
	*ret_has = true;
	return 0;
}

/* An address can only become one of its family. */
static int
check_families(const char *s, const struct vega_conf_rewrite *r)
{
	const bool group_bad =
		r->to_family != 0 && r->from_family != 0 && r->to_family != r->from_family;
	const bool source_bad =
		r->source_family != 0 && r->from_family != 0 && r->source_family != r->from_family;

	if (!group_bad && !source_bad)
		return 0;
	return VEGA_ERR(-EINVAL, "%s%s: need an IPv%u address, as group: is, found one of IPv%u", s,
		group_bad ? "to_group" : "source", r->from_family,
		group_bad ? r->to_family : r->source_family);
}

static int
take_rewrite(const struct vega_raw_rewrite *raw, const char *s, struct vega_conf_rewrite *r)
{
	return vega_take_vlan(s, "vlan", raw->vlan, "any", &r->from_vlan)
		?: vega_take_address(s, "group", raw->group, "any", &r->from_family, r->from_group)
		?: vega_take_u32_or(s, "port", raw->port, 1, 65535, "any", VEGA_CONF_ANY, &r->from_port)
		?: vega_take_vlan(s, "to_vlan", raw->to_vlan, "same", &r->to_vlan)
		?: vega_take_address(s, "to_group", raw->to_group, "same", &r->to_family, r->to_group)
		?: vega_take_u32_or(s, "to_port", raw->to_port, 1, 65535, "same", VEGA_CONF_ANY, &r->to_port)
		?: take_mac(s, "to_mac", raw->to_mac, "auto", &r->has_to_mac, r->to_mac)
		?: vega_take_address(s, "source", raw->source, "same", &r->source_family, r->source)
		?: take_mac(s, "source_mac", raw->source_mac, "same", &r->has_source_mac, r->source_mac)
		?: check_families(s, r);
}

int
vega_take_rewrites(const struct vega_raw_list *list, struct vega_conf *conf)
{
	const struct vega_raw_rewrite *raw = list->entries;
	void *rewrites = NULL;
	int rc = vega_take_list("rewrite", list->cnt, VEGA_CONF_REWRITE_CNT_MAX,
		sizeof(*conf->rewrites), &rewrites);

	conf->rewrites = rewrites;
	for (uint32_t i = 0; i < list->cnt && rc == 0; i++) {
		char s[32];

		(void)snprintf(s, sizeof(s), "rewrite[%u].", i);
		rc = take_rewrite(&raw[i], s, &conf->rewrites[conf->rewrite_cnt++]);
	}
	return rc;
}
