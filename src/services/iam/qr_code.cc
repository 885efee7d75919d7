// SPDX-License-Identifier: Apache-2.0
#include "services/iam/qr_code.h"

#include <png.h>
#include <qrencode.h>

#include <memory>

namespace coffer::services::iam {
namespace {

constexpr size_t kPixels = 4;     // a module's, each way
constexpr size_t kQuietZone = 4;  // modules around the code that stay white

// Eight bits of grey a pixel, row after row.
Bytes pixels_of(const QRcode& code, size_t side) {
  Bytes pixels(side * side, 0xff);
  const auto width = static_cast<size_t>(code.width);
  for (size_t y = 0; y < width * kPixels; ++y)
    for (size_t x = 0; x < width * kPixels; ++x)
      if ((code.data[y / kPixels * width + x / kPixels] & 1) != 0)
        pixels.at((y + kQuietZone * kPixels) * side + x + kQuietZone * kPixels) = 0;
  return pixels;
}

}  // namespace

Result<Bytes> qr_code_png(const std::string& text) {
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString8bit(text.c_str(), 0, QR_ECLEVEL_L), QRcode_free);
  if (code == nullptr) return fail(ErrorKind::kInvalidArgument, "this does not fit into a QR code");
  const size_t side = (static_cast<size_t>(code->width) + 2 * kQuietZone) * kPixels;
  const Bytes pixels = pixels_of(*code, side);
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = image.height = static_cast<png_uint_32>(side);
  image.format = PNG_FORMAT_GRAY;
  Bytes png(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t size = png.size();
  if (png_image_write_to_memory(&image, png.data(), &size, 0, pixels.data(), 0, nullptr) == 0)
    return fail(ErrorKind::kInternal, std::string("PNG: ") + image.message);
  png.resize(size);
  return png;
}

}  // namespace coffer::services::iam
