//! A PNG has the pixels of its SVG, on white.

use crate::samples;
use homa_figures::png;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use std::sync::Arc;

#[test]
fn a_png_has_the_pixels_of_its_svg() {
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(dejavu::sans::regular().to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let options = Options { fontdb: Arc::new(fonts), ..Options::default() };
    for sample in samples::samples().iter().take(3) {
        let tree = Tree::from_str(&sample.svg, &options).expect("a figure is valid SVG");
        let shown = Pixmap::decode_png(&png(&sample.svg)).expect("a valid PNG");
        let scale = shown.width() as f32 / tree.size().width();
        let mut drawn = Pixmap::new(shown.width(), shown.height()).expect("a figure has a size");
        drawn.fill(Color::WHITE);
        resvg::render(&tree, Transform::from_scale(scale, scale), &mut drawn.as_mut());
        assert!(shown == drawn, "{}: other pixels", sample.name);
    }
}

#[test]
fn the_same_figure_gives_the_same_bytes_again() {
    let sample = &samples::samples()[0];
    assert_eq!(png(&sample.svg), png(&sample.svg));
}
