//! One function for each sentence: the only file that knows the keys of the locale.
//!
//! A sentence that belongs to a row of a table (a setting, a command, a grade) is one of a family: its key is the family's
//! name and the row's.

use std::collections::BTreeMap;

use fluent_bundle::{FluentArgs, FluentValue};

use super::Phrases;

macro_rules! phrases {
    ($($key:literal $name:ident($($arg:ident: $kind:ty),*);)*) => {
        /// Every key that stands by itself.
        pub(super) const KEYS: &[&str] = &[$($key),*];

        impl Phrases {
            $(
                #[doc = concat!("The sentence `", $key, "`.")]
                pub fn $name(&self $(, $arg: $kind)*) -> String {
                    let args: [(&str, FluentValue<'_>); _] = [$((stringify!($arg), FluentValue::from($arg))),*];
                    self.say($key, &FluentArgs::from_iter(args))
                }
            )*
        }
    };
}

macro_rules! families {
    ($($family:literal $name:ident;)*) => {
        /// The beginnings of keys that belong to rows of tables.
        pub const FAMILIES: &[&str] = &[$($family),*];

        impl Phrases {
            $(
                #[doc = concat!("The sentence of the family `", $family, "` for this row.")]
                pub fn $name(&self, row: &str) -> String {
                    self.say(&format!(concat!($family, "-{}"), row.replace([' ', '_'], "-")), &FluentArgs::new())
                }
            )*
        }
    };
}

/// Whether a key belongs to the program.
pub(super) fn is_known(key: &str) -> bool {
    KEYS.contains(&key)
        || FAMILIES.iter().any(|family| key.strip_prefix(family).is_some_and(|rest| rest.starts_with('-')))
}

impl Phrases {
    /// The sentence of the family `why` for this reason, with the words that belong to it.
    pub fn why_with(&self, reason: &str, words: &BTreeMap<String, String>) -> String {
        let mut args = FluentArgs::new();
        for (name, word) in words {
            args.set(name.as_str(), FluentValue::from(word.as_str()));
        }
        self.say(&format!("why-{reason}"), &args)
    }
}

families! {
    "command" command;
    "setting" setting;
    "grade" grade;
    "scope" scope;
    "smalltalk" smalltalk;
    "pressure" pressure;
    "side" side;
    "layer" layer;
    "group" group;
    "param" param;
    "place" place;
    "tag" tag;
    "verb" verb;
    "end" end;
    "venue" venue;
    "urgency" urgency;
    "why" why;
}

phrases! {
    "choice-help" choice_help();
    "choice-server-settings" choice_server_settings();
    "choice-write" choice_write();
    "words-help" words_help();
    "choice-safety" choice_safety();
    "choice-routines" choice_routines();
    "choice-techniques" choice_techniques();
    "choice-settings" choice_settings();
    "choice-touch-free" choice_touch_free();
    "choice-attack" choice_attack();
    "choice-more" choice_more();
    "words-more" words_more();
    "choice-vote-up" choice_vote_up();
    "choice-vote-down" choice_vote_down();
    "choice-yes" choice_yes();
    "choice-no" choice_no();
    "words-no" words_no();
    "choice-seen" choice_seen();
    "choice-mistake" choice_mistake();
    "choice-not-yet" choice_not_yet();
    "choice-happening-now" choice_happening_now();
    "choice-none-of-these" choice_none_of_these();
    "words-none-of-these" words_none_of_these();
    "choice-one-applies" choice_one_applies();
    "words-one-applies" words_one_applies();
    "choice-not-sure" choice_not_sure();
    "words-not-sure" words_not_sure();
    "choice-no-start" choice_no_start();
    "words-no-start" words_no_start();
    "choice-touch-hurts" choice_touch_hurts();
    "words-touch-hurts" words_touch_hurts();
    "choice-something-new" choice_something_new();
    "words-something-new" words_something_new();
    "choice-better" choice_better();
    "choice-same" choice_same();
    "choice-worse" choice_worse();
    "choice-start-again" choice_start_again();
    "choice-clear-counts" choice_clear_counts();
    "choice-export" choice_export();
    "choice-delete" choice_delete();
    "choice-delete-yes" choice_delete_yes();
    "choice-keep" choice_keep();
    "answer-evidence" answer_evidence(worth: &str, sources: &str, checked: &str);
    "answer-source" answer_source(sources: &str);
    "did-you-mean" did_you_mean();
    "or-did-you-mean" or_did_you_mean();
    "unknown" unknown();
    "not-reviewed" not_reviewed();
    "reviewed-by" reviewed_by(who: &str);
    "reduced-mode" reduced_mode();
    "about-flag" about_flag();
    "vote-counted" vote_counted();
    "technique-list" technique_list();
    "sources-list" sources_list(count: u32);
    "source-where" source_where(publisher: &str, year: &str);
    "source-read" source_read();
    "doubt-meanwhile" doubt_meanwhile();
    "doubt-cleared" doubt_cleared();
    "check-in" check_in();
    "alarm-repeated" alarm_repeated();
    "emergency-plain" emergency_plain();
    "lock-none" lock_none();
    "lock-stays" lock_stays();
    "lock-lifted" lock_lifted();
    "lock-question" lock_question();
    "routine-list" routine_list();
    "routine-line" routine_line(title: &str, minutes: u32, goal: &str);
    "routine-list-how" routine_list_how();
    "screen-title" screen_title();
    "screen-intro" screen_intro();
    "screen-question" screen_question();
    "screen-privacy" screen_privacy();
    "check-question" check_question();
    "check-attack" check_attack();
    "check-something-new" check_something_new();
    "venue-missing" venue_missing();
    "venue-lacks" venue_lacks(rights: &str);
    "late-key" late_key();
    "kept-key" kept_key();
    "elsewhere" elsewhere();
    "open-room" open_room();
    "not-verified" not_verified();
    "withheld" withheld();
    "left-out-asked" left_out_asked(step: &str, tag: &str);
    "left-out-touch-hurts" left_out_touch_hurts(step: &str);
    "left-out-no-pressure" left_out_no_pressure(step: &str);
    "left-out-for-time" left_out_for_time(step: &str);
    "left-out-forbidden" left_out_forbidden(step: &str, tag: &str);
    "plan-at-most" plan_at_most(minutes: u32);
    "plan-at-least" plan_at_least(minutes: u32);
    "opening-title" opening_title(title: &str, minutes: u32);
    "opening-stop-rule" opening_stop_rule();
    "opening-evidence" opening_evidence(evidence: &str);
    "opening-quiet" opening_quiet();
    "step-title" step_title(number: usize, of: usize, what: &str);
    "step-side" step_side(side: &str, name: &str);
    "step-details" step_details(technique: &str, area: &str, seconds: u32, pressure: u8, words: &str);
    "step-breath" step_breath(breath: &str);
    "step-stop-if" step_stop_if(sign: &str);
    "step-next" step_next(name: &str);
    "step-last" step_last();
    "step-quiet" step_quiet(number: usize, of: usize, brief: &str, seconds: u32);
    "other-side-left-out" other_side_left_out();
    "time-up" time_up();
    "paused" paused();
    "resumed" resumed(seconds: u32);
    "more-time" more_time();
    "more-made-up" more_made_up();
    "long-enough" long_enough();
    "eased" eased(easier: &str, pressure: &str);
    "hurt" hurt(upcoming: &str);
    "hurt-quiet" hurt_quiet();
    "away" away(number: usize, of: usize, what: &str);
    "away-quiet" away_quiet(number: usize, of: usize);
    "nothing-to-do" nothing_to_do(verb: &str);
    "stop-rule" stop_rule();
    "end-stopped" end_stopped(number: usize, of: usize);
    "end-expired" end_expired(number: usize, of: usize);
    "end-question" end_question();
    "felt-better" felt_better();
    "felt-same" felt_same();
    "felt-worse" felt_worse();
    "counts-cleared" counts_cleared();
    "admin-intro" admin_intro();
    "admin-how" admin_how();
    "choice-undo" choice_undo();
    "choice-log-all" choice_log_all();
    "choice-check" choice_check();
    "choice-test" choice_test();
    "choice-pick" choice_pick();
    "choice-back" choice_back();
    "choice-skip" choice_skip();
    "words-skip" words_skip();
    "file-write" file_write(command: &str);
    "settings-file" settings_file();
    "settings-file-head" settings_file_head();
    "plan-nothing" plan_nothing();
    "plan-changes" plan_changes();
    "plan-line" plan_line(before: &str, after: &str);
    "plan-how" plan_how();
    "value-unset" value_unset(default: &str);
    "applied" applied();
    "rolled-back" rolled_back();
    "bad-file-toml" bad_file_toml(line: usize);
    "bad-file-key" bad_file_key(line: usize);
    "bad-file-key-near" bad_file_key_near(line: usize, near: &str);
    "bad-file-kind" bad_file_kind(line: usize, key: &str, form: &str);
    "bad-file-value" bad_file_value(line: usize, key: &str, allowed: &str);
    "bad-file-place" bad_file_place(key: &str);
    "bad-file-more" bad_file_more(count: usize);
    "log-nothing" log_nothing();
    "log-intro" log_intro(zone: &str);
    "log-line" log_line(at: &str, who: &str, key: &str, before: &str, after: &str);
    "log-own" log_own(own: &str);
    "log-announced" log_announced(who: &str);
    "log-tested" log_tested(who: &str);
    "trial-intro" trial_intro();
    "trial-private" trial_private();
    "trial-everyone" trial_everyone();
    "trial-silence" trial_silence();
    "trial-time" trial_time(time: &str, zone: &str);
    "trial-log" trial_log();
    "trial-no-log" trial_no_log();
    "setup-intro" setup_intro();
    "setup-question" setup_question(number: u32, of: usize, key: &str);
    "setup-now" setup_now(value: &str);
    "setup-type" setup_type(key: &str, value: &str);
    "setup-done" setup_done();
    "check-fine" check_fine();
    "check-found" check_found();
    "check-missing" check_missing(right: &str, place: &str);
    "check-emergency-text" check_emergency_text();
    "check-log-missing" check_log_missing(right: &str, key: &str);
    "check-channel-gone" check_channel_gone(key: &str);
    "check-answers-missing" check_answers_missing(right: &str);
    "check-not-encrypted" check_not_encrypted();
    "check-invite" check_invite();
    "settings-intro" settings_intro();
    "settings-how" settings_how();
    "setting-line" setting_line(value: &str, layer: &str);
    "setting-now" setting_now(value: &str, layer: &str);
    "setting-range" setting_range(range: &str);
    "setting-write" setting_write(key: &str);
    "setting-changed" setting_changed(key: &str, before: &str, after: &str);
    "channel-ids" channel_ids(max: u32);
    "role-ids" role_ids(max: u32);
    "prefix-form" prefix_form(max: u32);
    "zone-names" zone_names();
    "at-most-characters" at_most_characters(max: u32);
    "data-intro" data_intro();
    "data-nothing" data_nothing();
    "data-never" data_never();
    "data-setting" data_setting(key: &str, value: &str);
    "data-screened" data_screened(date: &str);
    "data-felt" data_felt(better: u32, same: u32, worse: u32);
    "data-last-used" data_last_used(date: &str, days: u32);
    "data-session" data_session(step: usize);
    "data-lock" data_lock(until: &str, zone: &str);
    "export-ready" export_ready();
    "delete-question" delete_question();
    "deleted" deleted();
    "deleted-but-lock" deleted_but_lock();
    "cannot-save" cannot_save();
    "fault" fault();
    "read-only" read_only();
    "hello" hello();
    "hello-quiet" hello_quiet();
    "hello-how" hello_how();
    "greeting" greeting();
    "greeting-check" greeting_check();
    "menu" menu();
    "help-intro" help_intro();
    "help-verbs" help_verbs();
    "help-outro" help_outro();
    "safety-title" safety_title();
    "safety-intro" safety_intro();
    "safety-not-to" safety_not_to();
    "safety-outro" safety_outro();
    "about-title" about_title(version: &str);
    "about-what" about_what();
    "about-not" about_not();
    "about-not-reviewed" about_not_reviewed();
    "about-reviewed" about_reviewed(reviewed: usize, total: usize);
    "about-privacy" about_privacy();
    "about-licence" about_licence();
    "refused-too-long" refused_too_long();
    "refused-no-such-command" refused_no_such_command();
    "refused-bad-argument" refused_bad_argument(usage: &str);
    "refused-stale" refused_stale();
    "refused-no-session" refused_no_session();
    "refused-already-running" refused_already_running();
    "refused-routines-off" refused_routines_off();
    "refused-too-many-here" refused_too_many_here(limit: u32);
    "refused-locked" refused_locked(hours: u32);
    "refused-no-such-routine" refused_no_such_routine();
    "refused-nothing-left" refused_nothing_left(title: &str);
    "refused-not-in-attack" refused_not_in_attack(title: &str);
    "refused-screened-out" refused_screened_out();
    "refused-no-such-technique" refused_no_such_technique();
    "refused-no-such-source" refused_no_such_source();
    "refused-no-such-entry" refused_no_such_entry();
    "refused-no-such-setting" refused_no_such_setting();
    "refused-not-yours" refused_not_yours(key: &str);
    "refused-no-such-server-setting" refused_no_such_server_setting();
    "refused-cannot-speak-here" refused_cannot_speak_here(rights: &str);
    "refused-not-admin" refused_not_admin();
    "refused-no-server" refused_no_server();
    "refused-not-theirs" refused_not_theirs();
    "refused-bad-value" refused_bad_value(key: &str, allowed: &str);
    "refused-nothing-stored" refused_nothing_stored();
    "refused-bad-file" refused_bad_file();
    "refused-file-too-long" refused_file_too_long();
    "refused-nothing-to-undo" refused_nothing_to_undo();
    "refused-only-their-own" refused_only_their_own(key: &str);
    "refused-not-here" refused_not_here();
    "refused-not-your-role" refused_not_your_role();
    "refused-too-often" refused_too_often();
    "refused-place-busy" refused_place_busy();
    "refused-all-busy" refused_all_busy();
    "why-nothing" why_nothing();
}
