//! The real window, by clicks and keys alone: from the first start to a conclusion.

mod beside;
mod connection;
mod fleet;
mod notices;
mod person;
mod settings;
mod stories;

use caseboard_tests::{skip, window};

/// A story is told on a screen and in a home folder of its own. One that fails leaves a picture of its last moment.
fn tell<F: Future<Output = anyhow::Result<()>>>(name: &str, story: impl FnOnce(person::Stage) -> F) {
    if let Some(why) = window::missing() {
        return skip(name, &why);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts");
    let stage = person::Stage::new(name).expect("a screen starts");
    let last = stage.picture("failed.png");
    if let Err(error) = runtime.block_on(story(stage)) {
        panic!("{error:#}\nthe last moment: {}", last.display());
    }
}

#[test]
fn from_the_first_start_to_a_conclusion_by_clicks_and_keys() {
    tell("from_the_first_start_to_a_conclusion_by_clicks_and_keys", stories::first_start);
}

#[test]
fn a_killed_program_finds_the_pending_decision_again() {
    tell("a_killed_program_finds_the_pending_decision_again", stories::killed);
}

#[test]
fn a_blueprint_changes_the_ranking_and_an_edited_file_is_reloaded() {
    tell("a_blueprint_changes_the_ranking_and_an_edited_file_is_reloaded", stories::knowledge);
}

#[test]
fn a_folder_of_many_contexts_is_searched_and_two_are_opened_of_which_one_is_broken() {
    tell("a_folder_of_many_contexts_is_searched_and_two_are_opened_of_which_one_is_broken", fleet::fleet);
}

#[test]
fn an_expired_login_is_renewed_in_place_and_a_cluster_that_went_away_comes_back() {
    tell("an_expired_login_is_renewed_in_place_and_a_cluster_that_went_away_comes_back", connection::away_and_back);
}

#[test]
fn what_was_set_is_set_after_a_restart() {
    tell("what_was_set_is_set_after_a_restart", settings::settings);
}

#[test]
fn another_way_through_a_case_is_compared_with_the_first() {
    tell("another_way_through_a_case_is_compared_with_the_first", beside::branches);
}

#[test]
fn an_object_is_found_by_its_name_and_a_case_has_a_window_of_its_own() {
    tell("an_object_is_found_by_its_name_and_a_case_has_a_window_of_its_own", beside::found_and_beside);
}

#[test]
fn a_click_on_a_notification_leads_the_window_to_what_it_tells() {
    let name = "a_click_on_a_notification_leads_the_window_to_what_it_tells";
    if !caseboard_tests::process::has("dbus-daemon") {
        return skip(name, "dbus-daemon is not installed");
    }
    tell(name, notices::clicked);
}
