//! A run as a whole.

codes! {
    /// What the record refers to has not arrived.
    WAITING = 901, "K0901";
    /// Another run is writing.
    IN_USE = 902, "K0902";
    /// A system has become another one.
    IDENTITY_CHANGED = 903, "K0903";
    /// No such flow.
    UNKNOWN_FLOW = 904, "K0904";
    /// No such system.
    UNKNOWN_SYSTEM = 905, "K0905";
    /// Too many records would be deleted.
    TOO_MANY_DELETES = 906, "K0906";
    /// The plan is not there any more.
    PLAN_GONE = 907, "K0907";
    /// The flow has changed since the plan.
    PLAN_OUTDATED = 908, "K0908";
    /// The record has changed since the plan.
    CHANGED_SINCE_PLAN = 909, "K0909";
    /// A variable has no value.
    MISSING_VARIABLE = 910, "K0910";
    /// The project folder cannot be read.
    PROJECT_UNREADABLE = 911, "K0911";
    /// A write could not be taken back.
    NOT_REVERTED = 912, "K0912";
    /// No such run.
    UNKNOWN_RUN = 913, "K0913";
    /// The account of the run does not add up.
    ACCOUNT_WRONG = 914, "K0914";
    /// The server cannot listen there.
    NOT_LOOPBACK = 915, "K0915";
    /// Nobody can tell what is absent.
    ABSENCE_UNSURE = 917, "K0917";
    /// What is absent cannot be told of this source.
    ABSENCE_NOT_POSSIBLE = 946, "K0946";
    /// Records that lie beside each other have a name in common.
    SIBLINGS_ALIKE = 947, "K0947";
    /// The parents of a record lead back to itself.
    IN_A_CIRCLE = 948, "K0948";
    /// What the record lies in is not in the source.
    PARENT_NOT_THERE = 949, "K0949";
    /// Records that could not be read were left out.
    LEFT_OUT_UNREADABLE = 950, "K0950";
    /// The target does not have what was counted as unchanged.
    TARGET_EMPTIED = 951, "K0951";
    /// A person decided that two linked places are not the same.
    PARTED = 952, "K0952";
    /// A person decided that the place has no counterpart.
    WITHOUT_COUNTERPART = 953, "K0953";
    /// What it refers to has no counterpart, as a person decided.
    LIES_IN_NONE = 959, "K0959";
    /// It would be put into a place that was the one which it lies in until a day.
    LIES_IN_ENDED = 963, "K0963";
    /// What somebody changed in the target was left as it is.
    LEFT_TO_OTHERS = 954, "K0954";
    /// A mark of completeness that somebody took back was left so.
    MARK_LEFT = 957, "K0957";
    /// A mark of completeness that was lost waits for the numbers of another flow.
    MARK_WAITS = 958, "K0958";
    /// Periods and places were marked complete while records are refused that may belong to them.
    REFUSED_MAY_BELONG = 960, "K0960";
    /// A period and place is not marked complete while a record that belongs to it is refused.
    REFUSED_BELONGS = 961, "K0961";
    /// A number that somebody changed in the target was written over.
    NUMBER_WRITTEN_OVER = 966, "K0966";
    /// A period that was asked for is none of the flow.
    NO_SUCH_PERIOD = 962, "K0962";
    /// A later file has the record again.
    SUPERSEDED = 918, "K0918";
    /// A record stands in the input twice, with the same content.
    REPEATED = 968, "K0968";
    /// A record was deleted in the source, and nothing follows from that.
    DELETED_WITHOUT_EFFECT = 969, "K0969";
    /// Another input would have records without an identity.
    INPUT_WITHOUT_ID = 919, "K0919";
    /// A group has too many rows.
    GROUP_TOO_LARGE = 920, "K0920";
    /// The order of the rows of a group cannot be told.
    ORDER_UNCLEAR = 921, "K0921";
    /// Nobody can tell where the record belongs in the target.
    NO_SCOPE = 922, "K0922";
    /// The record is linked in another part of the target.
    OTHER_SCOPE = 923, "K0923";
    /// The record refers to one in another part of the target.
    FOREIGN_REFERENCE = 924, "K0924";
    /// No such question, or no such candidate.
    UNKNOWN_REVIEW = 930, "K0930";
    /// The record has no link that could be undone.
    NOT_LINKED = 931, "K0931";
    /// A decision does not fit what is open.
    DECISION_UNFIT = 932, "K0932";
    /// A decision names a place that is not there.
    PLACE_UNKNOWN = 933, "K0933";
    /// A decision is on places that are settled by now.
    PLACE_SETTLED = 934, "K0934";
    /// Decisions on places contradict each other.
    PLACE_CONTRADICTION = 935, "K0935";
    /// There is nothing of that name to be matched, or it is not clear between which systems.
    NOTHING_TO_MATCH = 936, "K0936";
    /// The question is of another kind.
    OTHER_QUESTION = 955, "K0955";
    /// Something has changed since the person was told.
    CHANGED_SINCE_TOLD = 956, "K0956";
    /// The target holds no numbers.
    NO_NUMBERS = 940, "K0940";
    /// A part of the records would make wrong numbers.
    PART_OF_NUMBERS = 941, "K0941";
    /// A number changed too late to be sent by itself.
    LATE = 942, "K0942";
    /// A number that was sent has no row in the sheet any more.
    NUMBER_WITHOUT_ROW = 943, "K0943";
    /// A formula needs what a flow does not keep.
    FORMULA_WITHOUT_PARTS = 944, "K0944";
    /// Nothing is known of such a number.
    NO_SUCH_NUMBER = 945, "K0945";
    /// A record that was asked for is not in the source.
    UNKNOWN_RECORD = 925, "K0925";
}
