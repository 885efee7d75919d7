// SPDX-License-Identifier: Apache-2.0
// Which snapshots can be compared: those "of the same volume/snapshot lineage" (EBS direct APIs Reference,
// ListChangedBlocks). Snapshots of one volume are; so are a volume and the snapshot it was made of, and a
// snapshot that was written block by block and its parent. A copy begins a lineage of its own.
#pragma once
#include "catalog/catalog.h"

namespace coffer::services::ebs {

Result<bool> are_related(catalog::Transaction& transaction, const catalog::Snapshot& one,
                         const catalog::Snapshot& other);

}  // namespace coffer::services::ebs
