/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay/targets.h"

#include <string.h>

#include "hugepages/base/err.h"
#include "hugepages/base/path.h"
#include "store/target.h"

static int
check_one(const struct vega_target *target, const struct vega_inputs_conf *conf,
	const struct vega_inputs *inputs)
{
	if (strcmp(target->path, "-") == 0)
		return VEGA_ERR(-EINVAL,
			"%s: need a file, found -; standard output is /dev/stdout, and ./- a file "
			"of that name",
			target->what);
	for (uint32_t i = 0; i < conf->path_cnt; i++) {
		int rc = 0;

		if (vega_path_is_one_file(conf->paths[i], target->path))
			return VEGA_ERR(-EEXIST,
				"%s: need another file than the input, found the same: %s",
				target->what, target->path);
		if (inputs->journals[i] != NULL)
			rc = vega_target_check(target->what, target->path, inputs->journals[i]);
		if (rc != 0)
			return rc;
	}
	return 0;
}

int
vega_targets_check(const struct vega_target *targets, uint32_t target_cnt,
	const struct vega_inputs_conf *conf, const struct vega_inputs *inputs)
{
	for (uint32_t i = 0; i < target_cnt; i++) {
		int rc = targets[i].path != NULL ? check_one(&targets[i], conf, inputs) : 0;

		if (rc != 0)
			return rc;
		for (uint32_t k = 0; targets[i].path != NULL && k < i; k++)
			if (targets[k].path != NULL &&
				vega_path_is_one_file(targets[k].path, targets[i].path))
				return VEGA_ERR(-EINVAL,
					"need a file each for %s and %s, found one for both: %s "
					"and %s",
					targets[k].what, targets[i].what, targets[k].path,
					targets[i].path);
	}
	return 0;
}
