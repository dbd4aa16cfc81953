//! What somebody can do in a running session, and what comes of it.

/// What somebody does in a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// On to the next step.
    Next,
    /// To the step before.
    Back,
    /// This step again.
    Repeat,
    /// Keep what remains.
    Pause,
    /// Go on.
    Resume,
    /// Fifteen seconds more.
    More,
    /// The easier form, and less pressure from here on.
    Easier,
    /// It hurts.
    Hurts,
    /// The end, at once.
    Stop,
}

/// What came of it: what there is to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A step begins: show its card.
    Step,
    /// The step's time is over and `next` is awaited.
    TimeUp,
    /// Paused.
    Paused,
    /// It was paused already.
    PausedAlready,
    /// Going on after a pause: show the card with what remains.
    Resumed,
    /// There was nothing to resume.
    NotPaused,
    /// More time; `made_up` when the other side gets it afterwards.
    More {
        /// Whether a make-up step for the other side was put in.
        made_up: bool,
    },
    /// The step is as long as it should ever be.
    LongEnough,
    /// The easier form, and less pressure from here on.
    Eased,
    /// It hurt: the step was left, the stop rule is due, and the session is paused before the next step.
    Hurt,
    /// No sign for two steps, or the process was away: paused at the same step and side.
    Away,
    /// Over.
    Ended(End),
    /// Nothing to do yet.
    Nothing,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All steps done.
    Finished,
    /// `stop`.
    Stopped,
    /// It hurt twice, or hurt in the last step.
    Hurt,
    /// Paused for too long.
    Expired,
}
