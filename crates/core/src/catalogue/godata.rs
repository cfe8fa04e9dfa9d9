//! Go.Data.

codes! {
    /// The account asks for a second factor.
    TWO_FACTOR = 601, "K0601";
    /// The account is locked for a while.
    LOCKED_OUT = 602, "K0602";
    /// The outbreak is not known, or its name is not unique.
    NO_SUCH_OUTBREAK = 603, "K0603";
    /// The visual id does not fit.
    BAD_VISUAL_ID = 604, "K0604";
    /// The addresses do not go together.
    BAD_ADDRESSES = 605, "K0605";
    /// Go.Data sets the field itself.
    READ_ONLY = 606, "K0606";
    /// The outbreak is not the active one of the account.
    OUTBREAK_NOT_ACTIVE = 607, "K0607";
    /// Deleting the record would delete others.
    TAKES_OTHERS_ALONG = 608, "K0608";
    /// Another record has this id, name or code.
    TAKEN = 609, "K0609";
    /// The resource is read only.
    ONLY_READ = 620, "K0620";
    /// The person is of another kind now.
    OTHER_KIND = 621, "K0621";
    /// Go.Data does not make the person this kind.
    NOT_CONVERTIBLE = 622, "K0622";
    /// Go.Data cannot hold the relationship in this direction.
    BAD_DIRECTION = 623, "K0623";
    /// No relationships with a discarded case.
    DISCARDED_CASE = 624, "K0624";
    /// A contact would be left without exposure.
    LAST_EXPOSURE = 625, "K0625";
    /// The person that the record names is not there.
    NO_SUCH_PERSON = 626, "K0626";
    /// The record was merged into another.
    MERGED = 627, "K0627";
    /// The installation does not have this language.
    NO_SUCH_LANGUAGE = 635, "K0635";
    /// Such people do not have such records in Go.Data.
    NOT_FOR_THIS_PERSON = 636, "K0636";
    /// The person has no time of follow-up.
    NO_FOLLOW_UP_TIME = 637, "K0637";
    /// The record belongs to someone else, or is of another day.
    BELONGS_ELSEWHERE = 638, "K0638";
    /// The number of the day does not fit the date.
    WRONG_DAY = 639, "K0639";
    /// A sheet reads the answers of one variable in two forms.
    ANSWER_IN_TWO_FORMS = 641, "K0641";
    /// An export failed or got lost.
    EXPORT_LOST = 642, "K0642";
    /// Records of this kind are not imported.
    NO_IMPORT = 643, "K0643";
    /// An import does not get on.
    IMPORT_STUCK = 644, "K0644";
    /// An import ended without a word on a record.
    IMPORT_LOST = 645, "K0645";
    /// Go.Data has no such geographical level.
    NO_SUCH_LEVEL = 650, "K0650";
    /// A location would lie below itself.
    BELOW_ITSELF = 651, "K0651";
    /// A location has open ones below it.
    OPEN_BELOW = 652, "K0652";
    /// Records of Go.Data name it.
    IN_USE = 653, "K0653";
    /// The chosen id belongs to another location.
    ID_TAKEN = 654, "K0654";
    /// After an import a location is not as it was sent.
    NOT_AS_SENT = 655, "K0655";
    /// An item has the id of a label and is called something else.
    CALLED_OTHERWISE = 656, "K0656";
    /// Go.Data has no such category of reference data.
    NO_SUCH_CATEGORY = 657, "K0657";
}
