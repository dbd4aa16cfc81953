### Every sentence that Nape says itself, in English.
### Plain, kind, short; second person; no exclamation marks; no promise. Keys belong to src/locale/phrases.rs.

## Small words on choices. `words-…` are what people may type instead, with commas between.

choice-help = Help
words-help = help, menu
choice-safety = Warning signs
choice-routines = Routines
choice-techniques = Techniques
choice-settings = My settings
choice-server-settings = Settings here
choice-write = Write it
choice-undo = Undo it
choice-log-all = All as a file
choice-check = Check
choice-test = Test it
choice-pick = Choose
choice-back = Back
choice-skip = Skip
words-skip = skip
choice-touch-free = Touch-free routine
choice-attack = Routine for an attack
choice-more = More
words-more = tell me more, more about this, read more
choice-vote-up = 👍 Helpful
choice-vote-down = 👎 Not helpful
choice-yes = Yes
choice-no = No
words-no = no, n, none, nope, neither, nothing like that
choice-seen = Yes, it was checked
choice-mistake = It was a mistake
choice-not-yet = Not yet
choice-happening-now = Yes, that is happening
choice-none-of-these = None of these
words-none-of-these = none, no
choice-one-applies = One applies
words-one-applies = yes, one, some
choice-not-sure = Not sure
words-not-sure = unsure, maybe, don't know
choice-no-start = No, start
words-no-start = no, start, go
choice-touch-hurts = No, but touch hurts
words-touch-hurts = touch hurts, sore
choice-something-new = Yes
words-something-new = yes, y
choice-better = Better
choice-same = Same
choice-worse = Worse
choice-start-again = Start again
choice-clear-counts = Clear the counts
choice-export = Export
choice-delete = Delete
choice-delete-yes = Yes, delete it all
choice-keep = Keep it

## Answers

answer-evidence = { $worth } Source: { $sources }. Checked { $checked }.
answer-source = Source: { $sources }.
or-did-you-mean = If that is not what you meant, one of the titles below may be.
did-you-mean = I am not sure which of these you mean:
unknown = I don't have an answer to that. I know about neck massage and migraine: techniques, areas, when not to, what the evidence says. Try other words, or see what I can do.
not-reviewed = No clinician has reviewed this text yet.
reviewed-by = Reviewed by { $who }.
reduced-mode = I am in reduced mode: my language model can't be used, so I understand less than usual.
about-flag = Is anything like that happening to you now?
vote-counted = Thank you. Counted, without your name.
technique-list = Techniques and areas I have a card for. Type `technique NAME`:
sources-list = What I say comes from { $count } sources: guidelines, reviews, trials, patient pages, and careful choices of our own. Type `sources ID` for one.
source-where = { $publisher }, { $year }
source-read = Above: entries that use it.

grade-guideline = This is in a guideline or an official classification.
grade-review = The evidence is a review of trials.
grade-trial = The evidence is one or a few small trials.
grade-observational = The evidence is observation, not trials.
grade-expert = This is expert opinion.
grade-seed = Only one general article says this.
grade-unproven = This is unproven.
grade-design = This is a careful choice of ours, not tested.

scope-manipulation = I don't help with cracking, thrusting or pulling the neck, or with pressing the front or sides of it. Arteries and nerves run there, and injuries are rare but can be serious. I can show you gentle ways to ease the back of the neck and the shoulders.
scope-rule-change = I keep to my rules, whoever asks. I can answer questions about neck massage and migraine, or guide a gentle routine.
scope-abuse = I am here to help with neck massage and migraine. I am a bot, and a plain question works best.
scope-medication-dose = I don't advise on medicines, doses or mixing them. A pharmacist or doctor can, and the leaflet in the box helps. If you may have taken too much, call your poison line or emergency number now.
scope-diagnosis = I can't tell what you have; only a clinician who examines you can. I can describe what people with a pattern often notice, and when to get help.
scope-other-treatment = That treatment is outside what I know. Your doctor, pharmacist or physiotherapist can help. I know about neck massage and what goes with it.
scope-other-body-part = I only know about the neck, shoulders and head, and only for people. A physiotherapist can help with the rest.
scope-unrelated = That is outside what I know. I answer questions about neck massage and migraine, and guide gentle routines.

smalltalk-greeting = Hello. Ask me about neck massage and migraine, or type `routine list`.
smalltalk-thanks = You are welcome. Take it gently.
smalltalk-goodbye = Goodbye. Take care.
smalltalk-chat = I am here for questions about neck massage and migraine. `help` shows what I can do.
smalltalk-how-are-you = I am a bot, so always the same. How can I help with neck massage or migraine?

## Safety

doubt-meanwhile = If you are not sure, or it gets worse, treat it as a yes and call your local emergency number or a doctor. No massage until it is clear.
doubt-cleared = Good. If that changes, get medical help first and leave massage out.
check-in = That sounds hard. If you ever think of ending your life or feel unsafe, please call your local emergency number or a crisis line now. If this is sudden, new or different from your usual, see the warning signs.
alarm-repeated = I say this once more because it matters: please get that help first. On the phone, say what is wrong and when it began.
emergency-plain = This may be an emergency. Call your local emergency number now, or ask someone near you to call. Do not drive yourself. Stay with someone.
lock-none = No routine is locked for you.
lock-stays = Then the routines stay locked. Please have it looked at. I can still answer questions.
lock-lifted = Thank you. Routines are open again. Start gently, and stop at any warning sign.
lock-question = Routines are locked because of a warning sign you wrote about. Has a professional looked at it, or was it a mistake?

## Before a routine

routine-list = Routines I can guide you through:
routine-line = { $title }, { $minutes } min. { $goal }
routine-list-how = To start one, type its name: `routine start desk-reset`. Or type `routine start`, and I pick a gentle one.
screen-title = Before touch: reasons not to
screen-intro = Please read this list. You don't have to tell me which.
screen-question = Does any of these apply to you?
screen-privacy = I keep only that you passed this list, and when, for 30 days. What applies is neither asked nor kept.
check-question = Right now: any new, sudden or different pain? Fever, an injury, or aura? Numbness, dizziness, alcohol or strong painkillers today?
check-attack = Is anything new, sudden or different from your usual attack? Fever, injury, weakness, or aura now? And does light touch hurt?
check-something-new = Then no routine now. If it is sudden, severe, or comes with weakness, numbness, fever, confusion, or a change in sight or speech, call your local emergency number. Otherwise please ask a doctor or pharmacist first, and rest.
venue-private-thread = I am opening a private thread for your routine.
venue-public-thread = I am opening a thread for your routine. Others can read it.
venue-direct = I will guide you in a direct conversation.
venue-missing = I could not make the usual place for this, so I guide you here. Others may read along. An admin can change where routines run.
venue-lacks = For that I would need: { $rights }. `nape-admin check` tells admins more.
late-key = I can't read your last message yet: its key has not reached me. I will answer when it comes. You can also send the message again.
kept-key = I can't read your last message: your app does not share its key with me. Verify me there, or write in a room without encryption.
elsewhere = That answer is only for you: I have sent it to a direct room. Accept my invite to read it.
open-room = This room is not encrypted: those who run its server could read it. A direct room with encryption keeps it between us.
not-verified = Only those whom my operator has named can verify me. You can talk to me all the same.
withheld = That answer is only for you, and this place is not private. Write to me directly and ask again.

left-out-asked = Left out: { $step } (you leave out { $tag })
left-out-touch-hurts = Left out: { $step } (touch hurts right now)
left-out-no-pressure = Left out: { $step } (your pressure is set to none)
left-out-for-time = Left out: { $step } (to fit the time)
left-out-forbidden = Left out: { $step } ({ $tag } is never worked on)
plan-at-most = This routine can't safely be made longer than { $minutes } min.
plan-at-least = This routine can't be made shorter than { $minutes } min.

## During a routine

opening-title = { $title }, about { $minutes } min
opening-stop-rule = You can stop at any time: type `stop`. Stop at once if pain goes up, spreads, turns sharp or electric, or if you get numb, weak, dizzy or sick, or your sight or speech changes.
opening-evidence = { $evidence } You have ten seconds to get ready.
opening-quiet = I will guide you quietly. Type stop at any time.
step-title = { $number } of { $of } · { $what }
step-side = { $side } · { $name }
step-details = { $technique }, { $area }. { $seconds } seconds. Pressure { $pressure } of 5: { $words }.
step-breath = Breathe: { $breath }
step-stop-if = Stop if: { $sign }
step-next = Next: { $name }
step-last = This is the last step.
step-quiet = { $number } of { $of }. { $brief } { $seconds } seconds.
other-side-left-out = You left that step at once, so its other side is left out too: both get the same.
time-up = That is the time. Say `next` when you are ready.
paused = Paused. I keep your place for 30 minutes.
resumed = Going on. { $seconds } seconds left of this step.
more-time = 15 seconds more, the same on both sides.
more-made-up = 15 seconds more. The other side gets its 15 seconds right after.
long-enough = This step is as long as it should be. You can repeat it, or go on.
eased = Easier: { $easier } From here on, pressure at most: { $pressure }.
hurt = Take your hands away and rest. If the pain is sharp, spreads or stays, or you feel dizzy, numb, weak or sick, stop and get help. Soreness that has passed is common. If you go on, the next step is { $upcoming }, lighter. If it hurts again, we end.
hurt-quiet = Hands off. Rest. If it is sharp, spreads or stays, stop and get help. Otherwise resume.
away = I was away, or had no sign from you. You are paused at { $number } of { $of }: { $what }. I keep your place for 30 minutes.
away-quiet = Paused at { $number } of { $of }. Resume when you like.
nothing-to-do = There is nothing to { $verb } right now.
stop-rule = If it is new, sharp or spreading, or comes with dizziness, numbness, weakness, or a change in sight or speech, call your local emergency number and say that you massaged your neck.

end-finished = That was the last step. Sit a moment before you get up.
end-hurt = It hurt again, so we end here. Rest, and leave the neck alone today.
end-stopped = Stopped at step { $number } of { $of }. That is fine. Rest a moment.
end-expired = Closed: stopped at step { $number } of { $of }.
end-question = How is it now: better, same or worse?
felt-better = Good to hear. Take it gently.
felt-same = That is fine. It is a comfort measure and does not work every time.
felt-worse = Then leave massage for now and rest. If any of these is true, get help:
counts-cleared = The counts are cleared.

side-left = left side
side-right = right side
side-both = -
side-choice = the side you choose

pressure-0 = no touch
pressure-1 = the weight of a feather
pressure-2 = the weight of your own hand
pressure-3 = pleasant, moves skin and muscle
pressure-4 = firm, a good ache
pressure-5 = the strongest allowed, for a few seconds

verb-next = Next
verb-back = Back
verb-repeat = Repeat
verb-pause = Pause
verb-resume = Resume
verb-more = 15 s more
verb-easier = Easier
verb-hurts = It hurts
verb-stop = Stop

## Preferences and data

admin-intro = The settings here:
admin-how = `nape-admin set KEY VALUE` changes one, `nape-admin reset KEY` takes it back.
file-write = Attach the file to `{ $command }`, or put its lines behind it.
settings-file = Here are the settings as a file. Change it, see with `nape-admin plan` what it would do, and put it in place with `nape-admin apply`.
settings-file-head = Settings of a server or room. What is not set here has its default.
plan-nothing = That file says what is set here already. Nothing changes.
plan-changes = That file would change:
plan-line = : { $before } → { $after }
plan-how = Nothing was changed. `nape-admin apply` with the same file does it.
value-unset = { $default } (default)
applied = Done, all at once:
rolled-back = Undone:
bad-file-toml = Line { $line } is not TOML, or sets something a second time. Compare it with what `nape-admin export` gives.
bad-file-key = Line { $line }: there is no setting of that name. `nape-admin show` has the list.
bad-file-key-near = Line { $line }: there is no setting of that name. Is it meant to be { $near }?
bad-file-kind = Line { $line }: { $key } takes another kind of value. It is written like this: { $form }
bad-file-value = Line { $line }: { $key } can't be set to that. Allowed: { $allowed }.
bad-file-place = { $key } can name only the channel in which the file is applied, or the one that is set. Take the line out, and type `nape-admin set { $key } here` there.
bad-file-more = { $count } more problems are not listed.
log-nothing = No setting was changed here yet.
log-intro = Changes of the settings here, the newest first, with the times of { $zone }.
log-line = { $at } · { $who } · { $key }: { $before } → { $after }
log-own = Admins stand here by a mark, not by name. Yours is { $own }.
log-announced = The admin { $who } has changed settings here:
log-tested = The admin { $who } has tested this channel: changes of settings are announced here. Nothing was changed.
trial-intro = This is what somebody without any right or role gets here now. Nothing of it happens, and only you see it.
trial-private = For them alone:
trial-everyone = For everyone here:
trial-silence = Nothing is said.
trial-time = It is { $time } in { $zone }. `nape-admin log` and `my data` tell times so.
trial-log = I have announced a test in the channel that is set. If you can't see it there, `nape-admin check` tells what is missing.
trial-no-log = No channel is set, so changes are announced nowhere. `nape-admin log` has them.
setup-intro = Four questions, and you can skip each of them. Every answer is saved at once.
setup-question = Question { $number } of { $of }: { $key }
setup-now = Now: { $value }.
setup-type = Now: { $value }. Type `nape-admin set { $key } NUMBER` to set it.
setup-done = That was all. Everything can be changed later.
check-fine = All is well: I have what the settings here need.
check-found = This is missing or could be better:
check-missing = { $right }: without it, routines can't be guided in { $place }. Give it to my role, or to me in this channel.
check-emergency-text = No emergency number is set, so emergency answers name none. `nape-admin set emergency_text NUMBER` sets it.
check-log-missing = { $right }: without it, changes of settings can't be announced in the channel that { $key } names. Give it to my role, or to me in that channel.
check-channel-gone = { $key } names a channel that is not here any more. Set it anew.
check-answers-missing = { $right }: without it, I can't answer here as I should. Give it to me, or to all, in the permissions of this room.
check-not-encrypted = This room is not encrypted: whoever runs its server can read what is said here. Its settings have encryption; once on, it stays on.
check-invite = Invite me again with just what is needed
settings-intro = Your settings:
settings-how = Type `my settings KEY VALUE` to change one, `my settings KEY reset` to take it back.
setting-line = : { $value } ({ $layer })
setting-now = Now: { $value } ({ $layer }).
setting-range = You can choose: { $range }.
setting-write = Type `nape-admin set { $key }` and the value behind it.
setting-changed = { $key }: { $before } → { $after }.
channel-ids = nothing, or up to { $max } channels ("here", or their ids)
role-ids = nothing, or up to { $max } roles by their ids
prefix-form = up to { $max } characters without a blank; the first is a sign such as "!", and not "/", "@" or "#"
at-most-characters = at most { $max } characters
zone-names = the name of a time zone, such as UTC or Europe/Berlin
layer-mine = yours
layer-server = set here
layer-default = default

setting-length = How long a routine takes, in minutes. "own" keeps each routine's own length.
setting-pressure = The most pressure in any routine, from 0 (no touch) to 5. It is never raised by itself.
setting-leave-out = Areas, movements, positions and things that are left out of every routine. The front of the neck is always left out.
setting-first-side = The side that comes first.
setting-pace = "auto" moves on by itself when a step's time is up; "wait" waits for your word.
setting-attack-mode = Few words, one action at a time, nothing bright, nothing that moves.
setting-language = The language I speak.
setting-time-zone = The time zone in which I tell times here.
setting-retention = After how many days without use I delete what I keep of somebody who used me here last. Never after more than a year.
setting-answers = Whether answers to commands here are for everyone or only for the person who asked.
setting-routines = Whether routines can be started here.
setting-routine-place = Where a routine is guided.
setting-at-once = How many routines may run in one channel at the same time.
setting-channels = The only channels in which I am used, their threads included; "nothing" stands for all.
setting-channels-denied = Channels in which I am not used, their threads included.
setting-routine-roles = The only roles that may start routines; "nothing" stands for everyone.
setting-admin-roles = Roles that may change these settings, beside those who manage the server. They can't change this one.
setting-person-limit = How much one person may ask in a minute. "most" is what my operator allows; more than that is never allowed.
setting-channel-limit = How much may be asked in one channel in a minute. "most" is what my operator allows; more than that is never allowed.
setting-prefix = What goes before a command that is typed where others read along, on platforms that have no commands of their own. My name before it does as well.
setting-log-channel = The channel in which changes of these settings are announced: "here" is the one where you type it.
setting-emergency-text = The local emergency number or line that emergency answers show.

data-intro = This is all that I keep about you:
data-nothing = I keep nothing about you.
data-never = I never keep what you write, symptoms, diagnoses, medicines or scores.
data-setting = Setting { $key }: { $value }, because you set it.
data-screened = That you passed the list of reasons not to, on { $date }, so that I don't ask each time.
data-felt = Your own counts: better { $better }, same { $same }, worse { $worse }.
data-last-used = Last use: { $date }, to delete it all after { $days } days without use.
data-session = A running routine, at step { $step }, to lead you through it.
data-lock = A safety lock until { $until } ({ $zone }). Why is not kept.
export-ready = Here is everything I keep about you.
delete-question = Delete everything I keep about you, at once and for good?
deleted = Deleted. I keep nothing about you any more, and an older backup can't bring it back.
deleted-but-lock = One thing stays until its time is over: the end time of a safety lock, without a reason.

cannot-save = I can't save anything right now, so nothing was changed. Please try again later.
fault = Something went wrong in me, and I can't answer that. If it is about a sign that came suddenly or is severe, call your local emergency number now, without me. Else please say it once more in other words.
read-only = I can't save anything right now: there is no room left where I keep it. Nothing was changed, and what I had saved is safe. Questions still work.

## Help

hello = Hello, I am Nape. I answer questions about neck massage and migraine, and guide gentle self-massage. I am a bot, not a clinician, and I can't check your neck. If something is sudden, new or feels wrong, get medical help first.
hello-quiet = Nape is here. Few words, no hurry. Type help or stop at any time.
hello-how = Just ask, or type `help`.
greeting = Hello, I am Nape, and I was just let into your server. People there can ask me about neck massage and migraine, and be guided through gentle self-massage. What I say to them is for them alone unless you set it otherwise.
greeting-check = There, the command `nape-admin setup` begins with four questions, `nape-admin check` tells what I still need, and `nape-admin show` has all settings.
menu = I can answer questions about neck massage and migraine, guide you through a gentle routine, and keep your preferences. What would you like?
help-intro = What I understand. You can also just ask.
help-verbs = During a routine, as words or buttons:
help-outro = I am a bot, not a clinician. If something is sudden, new or feels wrong, get medical help first.

command-ask = answers a question, with the source
command-technique = shows how a technique or area is done
command-what = explains a term
command-safety = warning signs and reasons not to massage
command-sources = where my knowledge comes from
command-routine-list = shows the routines
command-routine-start = starts a routine; name, minutes and pressure are up to you
command-next = on to the next step
command-back = to the step before
command-repeat = this step again
command-pause = keeps your place
command-resume = goes on
command-more = 15 seconds more, on both sides
command-easier = an easier form, and less pressure from here on
command-hurts = stops this step; said twice, it ends the routine
command-stop = ends the routine, at once
command-my-settings = shows and sets your preferences
command-my-data = shows what I keep about you
command-my-export = gives it to you as a file
command-my-delete = deletes it
command-nape-admin-show = shows the settings of this server or room
command-nape-admin-set = sets one of them
command-nape-admin-reset = takes one back
command-nape-admin-check = tells what I still need here
command-nape-admin-test = shows what a member would get by one of them
command-nape-admin-setup = asks the four questions of a beginning
command-nape-admin-export = gives you all settings as a file
command-nape-admin-plan = shows what a file would change
command-nape-admin-apply = makes the settings what a file says
command-nape-admin-rollback = undoes the last change
command-nape-admin-log = shows who changed what
command-nape-help = this help
command-nape-why = why something was refused or left out
command-nape-about = what I am, and what I am not

group-routine = guided self-massage, and the words of a running routine
group-my = your preferences and your data
group-nape = help, reasons, and what I am
group-nape-admin = settings for those who manage this server

## What a command takes, where it is typed into a field of its own.

param-question = what you want to know
param-name = which one; leave it out and I choose or list
param-term = the word to explain
param-id = the source's short name
param-minutes = about how many minutes
param-pressure = the most pressure, 0 (no touch) to 5
param-where = where it is guided
param-key = which setting
param-value = the new value
param-file = the file of the settings, or its lines
param-command = which command

## Where a routine is guided.

place-here = this channel
place-private-thread = a private thread
place-public-thread = a thread
place-direct = a direct conversation

safety-title = When to get help, and when not to massage
safety-intro = Get medical help first if any of these is true. Massage can wait.
safety-not-to = Reasons not to use touch, or to ask first
safety-outro = I am a bot and can miss things. If you are worried, call.
urgency-emergency = Emergency care now
urgency-same-day = A doctor today
urgency-see-doctor = A doctor within days

about-title = Nape { $version }
about-what = A companion for people with migraine: I answer questions about neck massage, guide gentle self-massage, and keep your preferences.
about-not = I am a bot, not a clinician. I don't diagnose, don't advise on medicines, and can't check your neck. The routines follow common practice and are not tested as such. Low risk is not no risk.
about-not-reviewed = No clinician has reviewed these texts yet.
about-reviewed = { $reviewed } of { $total } entries have been reviewed by a clinician.
about-privacy = I never keep what you write. I keep your settings, when you passed the list of reasons not to, and a routine while it runs. See `my data`, `my export`, `my delete`.
about-licence = Free software under the Apache License 2.0.

## Refusals, and why

refused-too-long = That is long. Can you ask it in one or two sentences?
refused-no-such-command = I don't know that command.
refused-bad-argument = I need it like this: { $usage }
refused-stale = That button is from an earlier step. Nothing was changed.
refused-no-session = That routine is not running, or is not yours. Nothing was changed.
refused-already-running = You have a routine running. Go on with it, or stop it first.
refused-routines-off = Routines are switched off here. You can use them in a direct conversation with me.
refused-too-many-here = { $limit ->
    [one] One routine is running here already, and that is the limit.
   *[other] { $limit } routines are running here already, and that is the limit.
} Try a direct conversation with me, or a little later.
refused-locked = Routines are locked for about { $hours ->
    [one] one more hour
   *[other] { $hours } more hours
} because of a warning sign you wrote about. If it is still there, call your local emergency number. I can still answer questions.
refused-no-such-routine = I don't have a routine of that name.
refused-nothing-left = With what you leave out, nothing is left of “{ $title }”.
refused-not-in-attack = “{ $title }” is for the time between attacks, and attack mode is on.
refused-screened-out = Then no touch for now. Please ask your doctor, pharmacist or physiotherapist which of it is fine for you. The touch-free routine is open to you.
refused-no-such-technique = I have no card of that name. Type `technique` for the list.
refused-no-such-source = I have no source with that id. Type `sources` for the list.
refused-no-such-entry = That text is no longer there.
refused-no-such-setting = There is no setting of that name.
refused-no-such-server-setting = There is no setting of that name here.
refused-cannot-speak-here = I can't guide a routine here, as I may not speak in this channel. I would need: { $rights }. Write to me directly instead, or ask an admin.
refused-not-admin = That is for those who may manage the server or room.
refused-no-server = These settings belong to a server or room, and this conversation is neither.
refused-not-theirs = That button was offered to somebody else, or is too old for me to know. Nothing was changed. Your own command works.
refused-not-yours = The setting { $key } belongs to those who manage the server or room.
refused-bad-value = { $key } can't be set to that. Allowed: { $allowed }.
refused-nothing-stored = I keep nothing about you, so there is nothing to delete.
refused-bad-file = Nothing was changed. What is wrong with that file:
refused-file-too-long = That file is longer than any file of settings. Nothing was changed.
refused-nothing-to-undo = There is no change left that could be undone. Only the last one can be.
refused-only-their-own = { $key } can be changed only by those who manage the server themselves, not by a role that they named. Nothing was changed.
refused-not-here = I am not used in this channel. Try another one, or write to me directly.
refused-not-your-role = Routines here are for certain roles. You can use them in a direct conversation with me.
refused-too-often = That is a lot at once. I answer again in a little while. If this is an emergency, write what is happening, or call your local emergency number.
refused-place-busy = A lot is being asked in this channel. I answer again in a little while, and at once in a direct conversation.
refused-all-busy = I am asked more than I can answer just now. Please try again in a minute.

why-nothing = Nothing was refused or left out lately, as far as I remember. I remember for an hour.
why-too-long = Your text was longer than 2,000 characters. Shorter questions get better answers. This limit is built in.
why-no-such-command = What you typed looked like a command but is not one of mine. Type `nape help` for the list.
why-bad-argument = The command was missing something or had something extra. It goes like this: { $usage }
why-stale = The button belonged to an earlier message. Old buttons change nothing, so that nothing is done twice.
why-no-session = The button or word belongs to a running routine, and you had none, or it was somebody else's.
why-already-running = There is one routine per person at a time. `stop` ends the running one.
why-routines-off = Those who manage this server or room have switched routines off (setting routines). They can change it.
why-too-many-here = Those who manage this server or room allow { $limit } at a time (setting at_once). They can change it.
why-locked = You wrote about a warning sign. Routines are then locked for 24 hours, and until you say that it was looked at or was a mistake. Nobody can switch this off.
why-no-such-routine = The name matched none of the routines, or several. Type `routine list`.
why-nothing-left = Your setting leave_out, your pressure, or touch that hurts left no step of “{ $title }”. You can change `my settings leave_out`.
why-not-in-attack = “{ $title }” uses touch that many people can't bear in an attack. You can switch `my settings attack_mode off` between attacks.
why-screened-out = Something on the list of reasons not to may apply, so touch is not offered until a professional has agreed. Which one is not kept.
why-no-such-technique = No card has that name. Type `technique` for the list.
why-no-such-source = No source has that id. Type `sources` for the list.
why-no-such-entry = The text was taken out of the content since the button was made.
why-no-such-setting = No setting has that key. Type `my settings` for the list.
why-not-yours = The setting { $key } belongs to those who manage the server or room. They can change it.
why-no-such-server-setting = No setting of a server or room has that key. `nape-admin show` has the list.
why-cannot-speak-here = I may answer your commands anywhere, but to guide a routine in a channel I need: { $rights }. Those who manage the server can give it to me.
why-not-admin = Settings of a server or room can be seen and changed only by those who may manage it. They are checked at every use.
why-no-server = You wrote to me directly. Settings of a server or room can be seen and changed only there.
why-not-theirs = A button works for the person it was offered to, and only as I wrote it.
why-bad-value = { $key } takes only: { $allowed }.
why-nothing-stored = There was nothing to delete.
why-bad-file = A file of settings is taken over whole or not at all, and something in yours was wrong. This rule is built in.
why-file-too-long = I read files of settings up to 32,000 characters. This limit is built in.
why-nothing-to-undo = The settings were never changed here, or the last change was undone already.
why-only-their-own = A role that was named for { $key } could otherwise name others, or shut out those who named it. This rule is built in.
why-not-here = Those who manage this server have said where I am used (settings channels and channels_denied). They can change it.
why-not-your-role = Those who manage this server have said which roles may start routines (setting routine_roles). They can change it.
why-too-often = One person may ask so much in a minute and no more (setting person_limit, and above it what my operator allows), so that others get their answers too. Emergencies are always answered.
why-place-busy = So much may be asked in one channel in a minute and no more (setting channel_limit, and above it what my operator allows). Emergencies are always answered.
why-all-busy = My operator has set how much I answer in a minute for all together. Emergencies are always answered.
why-left-out = { $what }. You can change what is left out with `my settings leave_out`.
why-something-new = You said that something is new or different. Then no routine starts, always.
why-unknown = No entry fitted your question well enough, and I don't guess.
why-scope-manipulation = Cracking, pulling, and the front of the neck are never part of what I do. This rule is built in.
why-scope-rule-change = My safety rules can't be changed in conversation. They are built in.
why-scope-abuse = I didn't read that as a question.
why-scope-medication-dose = I never advise on medicines or doses. This rule is built in.
why-scope-diagnosis = I never say what somebody has. This rule is built in.
why-scope-other-treatment = My knowledge is about neck massage and migraine only.
why-scope-other-body-part = My knowledge is about the neck, shoulders and head only.
why-scope-unrelated = My knowledge is about neck massage and migraine only.

## What can be left out, as words

tag-back-of-neck = the back of the neck
tag-skull-base = the skull base
tag-shoulder = the shoulder
tag-shoulder-blade = the shoulder blade
tag-upper-back = the upper back
tag-scalp = the scalp
tag-face = the face
tag-jaw = the jaw
tag-hand = the hands
tag-arm = the arms
tag-glide = gliding
tag-knead = kneading
tag-press = pressing
tag-hold = still holds
tag-circle = circling
tag-squeeze = squeezing
tag-shrug = shrugging
tag-roll = rolling
tag-turn = turning the head
tag-nod = nodding
tag-stretch = stretching
tag-lying = lying down
tag-standing = standing
tag-touch = touch
tag-heat-cold = heat and cold
tag-ball = balls
tag-towel = towels
tag-partner = a partner
tag-two-hands = what needs two hands
tag-front-of-neck = the front of the neck
tag-side-of-neck = the side of the neck
tag-throat = the throat
tag-collarbone = the collarbone hollow
tag-thrust = thrusting
tag-crack = cracking
tag-traction = pulling
tag-twist = twisting
tag-tip-back = tipping the head back
tag-device = electric devices
tag-hard-ball = hard balls
