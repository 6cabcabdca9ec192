/* SPDX-License-Identifier: BSD-3-Clause */
#include "store/target.h"

#include "hugepages/base/err.h"
#include "hugepages/base/path.h"

int
vega_target_check(const char *what, const char *path, const struct vega_journal *journal)
{
	for (uint32_t i = 0; i < vega_journal_file_cnt(journal); i++)
		if (vega_path_is_one_file(vega_journal_file(journal, i)->path, path))
			return VEGA_ERR(-EEXIST,
				"%s: need another file than those that are read, found one of the "
				"journal: %s",
				what, path);
	return 0;
}
