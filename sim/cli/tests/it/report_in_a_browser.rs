//! A report in a browser: it fits the screen of a phone and of a desk, asks for nothing, and tells
//! values under mouse, finger and keyboard; what doesn't need a script works without. Skipped where
//! no Chromium is installed.
#![cfg(unix)]

use crate::common::browser::{self, Browser};
use crate::common::{Sandbox, TINY, stderr};
use serde_json::{Value, json};

const PHONE: (u32, u32) = (360, 740);
const DESK: (u32, u32) = (1280, 900);

/// Long words and many cases are what makes a page wide.
const EXPERIMENT: &str =
    "# Question: doesaverylongwordwithoutanyplacetobreakitmakethepagewiderthanthescreenofaphone, or not?\n";
const SWEEP: &str = "[sweep]\ntransport.sigcomm18.overcommitment = [1, 4]\nworkload.load = [0.4, 0.6]\n\
                     [[variant]]\nname = \"a-variant-with-a-name-that-is-longer-than-a-phone-is-wide\"\n";

fn reported() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("sweep.toml", &(EXPERIMENT.to_owned() + TINY + SWEEP));
    let output = sandbox.run(&["run", "--no-png", "sweep.toml", "--quiet", "--out", "out", "--report", "--seed", "1"]);
    assert!(output.status.success(), "{}", stderr(&output));
    sandbox
}

/// What the browser asked for, and what went wrong on the page.
fn events(browser: &Browser, method: &str) -> Vec<Value> {
    browser.events.iter().filter(|event| event["method"] == method).map(|event| event["params"].clone()).collect()
}

/// Where on the screen the point with this number of the figure with this number is, and what it
/// should be told as.
fn point(browser: &mut Browser, figure: usize, number: usize) -> (Value, Vec<String>) {
    let expression = format!(
        "(() => {{
            const figure = document.querySelectorAll('figure')[{figure}];
            const svg = figure.querySelector('svg');
            svg.scrollIntoView({{ behavior: 'instant', block: 'center' }});
            const data = JSON.parse(figure.querySelector('script').textContent);
            const points = data.curves.flatMap((curve) => curve.points.map((point) => [curve.name, ...point]));
            const [curve, left, top, right, bottom, x, y] = points[{number}];
            const box = svg.getBoundingClientRect();
            const scale = box.width / svg.viewBox.baseVal.width;
            const at = {{ x: box.left + (left + right) / 2 * scale, y: box.top + (top + bottom) / 2 * scale }};
            return {{ at, told: [curve, data.x + ': ' + x, data.y + ': ' + y] }};
        }})()"
    );
    let found = browser.value(&expression);
    let told = found["told"].as_array().expect("texts").iter().map(|text| text.as_str().unwrap().to_owned());
    (found["at"].clone(), told.collect())
}

/// What is told of a figure now.
fn told(browser: &mut Browser, figure: usize) -> String {
    let tip = format!("document.querySelectorAll('.tip')[{figure}]");
    let fits = "(tip) => { const box = tip.getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth; }";
    assert_eq!(browser.value(&format!("({fits})({tip})")), true, "it is on the screen");
    browser.value(&format!("{tip}.hidden ? '' : {tip}.textContent")).as_str().expect("a text").to_owned()
}

fn expect(told: &str, parts: &[String]) {
    assert!(parts.iter().all(|part| told.contains(part)), "{told:?} should have {parts:?}");
}

fn fits_and_asks_for_nothing(browser: &mut Browser, screen: (u32, u32)) {
    let widths = browser.value("[innerWidth, document.documentElement.scrollWidth]");
    assert_eq!(widths[0], screen.0);
    assert!(widths[1].as_u64().expect("pixels") <= u64::from(screen.0), "{widths}");
    let wide = "[...document.querySelectorAll('body *')].filter((element) => !element.closest('.scroll, svg') && \
                element.getBoundingClientRect().right > innerWidth + 0.5).map((element) => element.outerHTML.slice(0, 99))";
    assert_eq!(browser.value(wide), json!([]));
    assert_eq!(events(browser, "Runtime.exceptionThrown"), Vec::<Value>::new());
    let asked = events(browser, "Network.requestWillBeSent");
    assert_eq!(asked.len(), 1, "only the page itself is loaded: {asked:?}");
}

#[test]
fn a_report_fits_phones_and_desks_and_tells_values_under_mouse_finger_and_keyboard() {
    let Some(program) = browser::installed() else {
        eprintln!("no Chromium is installed: the report was not looked at");
        return;
    };
    let sandbox = reported();
    let page = sandbox.path("out/report.html");
    let mut browser = Browser::start(&program);

    browser.open(&page, DESK, false);
    fits_and_asks_for_nothing(&mut browser, DESK);
    for (figure, number) in [(0, 3), (1, 0), (5, 2)] {
        let (at, parts) = point(&mut browser, figure, number);
        let mouse = json!({ "type": "mouseMoved", "x": at["x"], "y": at["y"] });
        browser.call("Input.dispatchMouseEvent", &mouse);
        expect(&told(&mut browser, figure), &parts);
    }
    browser.call("Input.dispatchMouseEvent", &json!({ "type": "mouseMoved", "x": 2, "y": 2 }));
    assert_eq!(told(&mut browser, 5), "");
    browser.value("document.querySelector('.plot').focus()");
    for (key, number) in [("Home", 0), ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1)] {
        browser.press(key);
        let parts = point(&mut browser, 0, number).1;
        expect(&told(&mut browser, 0), &parts);
    }
    browser.press("Escape");
    assert_eq!(told(&mut browser, 0), "");

    browser.open(&page, PHONE, true);
    fits_and_asks_for_nothing(&mut browser, PHONE);
    let (at, parts) = point(&mut browser, 0, 5);
    browser.call("Input.dispatchTouchEvent", &json!({ "type": "touchStart", "touchPoints": [at] }));
    browser.call("Input.dispatchTouchEvent", &json!({ "type": "touchEnd", "touchPoints": [] }));
    expect(&told(&mut browser, 0), &parts);

    browser.call("Emulation.setScriptExecutionDisabled", &json!({ "value": true }));
    browser.open(&page, PHONE, true);
    let visible = "['.plot svg', '.scripted-only', 'table'].map((name) => document.querySelector(name).offsetHeight \
                   ?? document.querySelector(name).getBoundingClientRect().height).map((height) => height > 0)";
    assert_eq!(browser.value(visible), json!([true, false, true]));
    assert_eq!(browser.value("document.documentElement.scrollWidth"), json!(PHONE.0));
}
