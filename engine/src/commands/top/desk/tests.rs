use super::*;

fn typed(desk: &mut Desk, text: &str) -> Ask {
    let mut last = Ask::Nothing;
    for c in text.chars() {
        last = desk.key(if c == '\n' { Key::Enter } else { Key::Char(c) });
    }
    last
}

fn desk_over_list(rows: usize, shown: usize) -> Desk {
    let mut desk = Desk::new(Pane::Prices);
    desk.saw(Drawn { heads: vec!["market", "bid"], rows, shown });
    desk
}

#[test]
fn panes_have_numbers_names_and_neighbours() {
    let mut desk = Desk::new(Pane::Overview);
    desk.key(Key::Char('9'));
    assert_eq!(desk.pane, Pane::Latency);
    desk.key(Key::Tab);
    assert_eq!(desk.pane, Pane::Overview);
    desk.key(Key::BackTab);
    assert_eq!(desk.pane, Pane::Latency);
    for (text, pane) in [("1", Some(Pane::Overview)), ("ord", Some(Pane::Orders)), ("Risk", Some(Pane::Risk))] {
        assert_eq!(Pane::named(text), pane);
    }
    for bad in ["", "0", "10", "x"] {
        assert_eq!(Pane::named(bad), None);
    }
}

#[test]
fn a_list_scrolls_within_its_ends_and_keeps_its_place_a_pane() {
    let mut desk = desk_over_list(40, 10);
    desk.key(Key::Up);
    assert_eq!(desk.view().offset, 0);
    for (key, offset) in [(Key::PageDown, 10), (Key::Down, 11), (Key::End, 30), (Key::Down, 30), (Key::PageUp, 20)] {
        desk.key(key);
        assert_eq!(desk.view().offset, offset, "{key:?}");
    }
    desk.key(Key::Char('2'));
    assert_eq!(desk.view().offset, 0);
    desk.key(Key::Char('3'));
    assert_eq!(desk.view().offset, 20);
    desk.saw(Drawn { heads: vec![], rows: 12, shown: 10 });
    assert_eq!(desk.view().offset, 2, "the list got shorter");
}

#[test]
fn sorting_goes_through_the_columns_and_back_to_none() {
    let mut desk = desk_over_list(3, 3);
    let mut seen = Vec::new();
    for _ in 0..4 {
        desk.key(Key::Char('s'));
        seen.push(desk.view().sort);
    }
    assert_eq!(seen, [Some("market"), Some("bid"), None, Some("market")]);
    desk.key(Key::Char('r'));
    assert!(desk.view().descending);
}

#[test]
fn only_the_typed_word_halts() {
    let mut desk = Desk::new(Pane::Overview);
    assert_eq!(typed(&mut desk, "h\n"), Ask::Nothing);
    assert_eq!(typed(&mut desk, "yes\n"), Ask::Nothing);
    assert_eq!(desk.over, Over::Halt(String::new()), "still asked");
    assert_eq!(typed(&mut desk, "halt  feed looks wrong \n"), Ask::Halt("feed looks wrong".into()));
    assert_eq!(desk.over, Over::Nothing);
    typed(&mut desk, "hhal");
    assert_eq!(desk.key(Key::Escape), Ask::Nothing);
    assert_eq!(desk.over, Over::Nothing);
    assert_eq!(typed(&mut desk, "hhaltx"), Ask::Nothing);
    desk.key(Key::Backspace);
    assert_eq!(desk.key(Key::Enter), Ask::Halt(String::new()));
}

#[test]
fn a_question_takes_all_keys_but_ctrl_c() {
    let mut desk = Desk::new(Pane::Overview);
    typed(&mut desk, "hq1p");
    assert_eq!((&desk.over, desk.pane, desk.paused), (&Over::Halt("q1p".into()), Pane::Overview, false));
    assert_eq!(desk.key(Key::Interrupt), Ask::Quit);
    for _ in 0..500 {
        desk.key(Key::Char('é'));
    }
    assert!(matches!(&desk.over, Over::Halt(text) if text.len() <= 210));
}

#[test]
fn help_goes_with_any_key_and_quits_with_q() {
    let mut desk = Desk::new(Pane::Overview);
    assert_eq!(typed(&mut desk, "?3"), Ask::Nothing);
    assert_eq!((&desk.over, desk.pane), (&Over::Nothing, Pane::Overview));
    assert_eq!(typed(&mut desk, "?q"), Ask::Quit);
}
