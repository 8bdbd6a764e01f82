//! Pictures of pixels, drawn from the very SVG that is the figure, so that both show the same.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::Arc;

/// Pixels for each unit of the SVG: fine enough for print in one column of a paper.
const SCALE: f32 = 2.0;

/// Renders an SVG figure of this crate as PNG. Text is set in DejaVu Sans, which is part of the program, so the bytes are
/// the same on every machine.
///
/// # Panics
/// If the text is not an SVG.
#[must_use]
pub fn png(svg: &str) -> Vec<u8> {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let options = Options { fontdb: Arc::new(fonts), ..Options::default() };
    let tree = Tree::from_str(svg, &options).expect("a figure is valid SVG");
    let size = tree.size().to_int_size().scale_by(SCALE).expect("a figure has a size");
    let mut pixels = Pixmap::new(size.width(), size.height()).expect("a figure has a size");
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().expect("encoding into memory does not fail")
}
