// SPDX-License-Identifier: Apache-2.0
// The clock of a development installation, which can be advanced (`coffer clock advance`). How far it is
// ahead is in the catalog, so that it stays so.
#pragma once
#include "base/advanced_clock.h"
#include "services/installation.h"
#include "services/kms/key_worker.h"

namespace coffer::api {

// What an advance concerns.
struct ClockControl {
  AdvancedClock& clock;
  services::kms::KeyWorker& keys;
};

// Sets the clock as far ahead as the catalog says; nothing in an installation that is none for development.
Status restore_clock(AdvancedClock& clock, catalog::Catalog& catalog, bool development);

}  // namespace coffer::api
