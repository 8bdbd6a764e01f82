//! Pictures of pixels, drawn from the very SVG that is the figure, so that both show the same.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use png::{ColorType, Encoder, chunk};
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::io::Write;
use std::sync::{Arc, LazyLock};

/// Pixels for each unit of the SVG: fine enough for print in one column of a paper.
const SCALE: f32 = 2.0;

/// The number of the filter "up" in the PNG specification, part 9.2.
const FILTER_UP: u8 = 2;

/// The fonts of all figures: DejaVu Sans, which is part of the program. Parsed once.
static FONTS: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    Arc::new(fonts)
});

/// Renders an SVG figure of this crate as PNG, on white. Text is set in DejaVu Sans, which is part of the program, so the
/// bytes are the same on every machine.
///
/// # Panics
/// If the text is not an SVG.
#[must_use]
pub fn png(svg: &str) -> Vec<u8> {
    let options = Options { fontdb: Arc::clone(&FONTS), ..Options::default() };
    let tree = Tree::from_str(svg, &options).expect("a figure is valid SVG");
    let size = tree.size().to_int_size().scale_by(SCALE).expect("a figure has a size");
    let mut pixels = Pixmap::new(size.width(), size.height()).expect("a figure has a size");
    pixels.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    encode(&pixels)
}

/// As RGB, each row as its difference to the row above, compressed by the quickest search of deflate: a thorough one takes
/// five times as long for files two thirds as large, and was most of the time of a small run.
fn encode(pixels: &Pixmap) -> Vec<u8> {
    let width = pixels.width() as usize;
    let mut rows = Vec::with_capacity((1 + 3 * width) * pixels.height() as usize);
    let (mut above, mut row) = (vec![0; 3 * width], vec![0; 3 * width]);
    for rgba in pixels.data().chunks_exact(4 * width) {
        for (to, from) in row.chunks_exact_mut(3).zip(rgba.chunks_exact(4)) {
            to.copy_from_slice(&from[..3]);
        }
        rows.push(FILTER_UP);
        rows.extend(row.iter().zip(&above).map(|(here, above): (&u8, &u8)| here.wrapping_sub(*above)));
        std::mem::swap(&mut above, &mut row);
    }
    let mut compressed = ZlibEncoder::new(Vec::new(), Compression::fast());
    compressed.write_all(&rows).expect("memory takes all bytes");
    let compressed = compressed.finish().expect("memory takes all bytes");
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(ColorType::Rgb);
    let mut writer = encoder.write_header().expect("memory takes all bytes");
    writer.write_chunk(chunk::IDAT, &compressed).expect("memory takes all bytes");
    writer.finish().expect("memory takes all bytes");
    bytes
}
