//! Invented people in households, and the same people as somebody else wrote them down: what matching is measured on.
//!
//! The slips know nothing of the matcher: names come with other spellings that are written out in a table, letters are struck beside or left out, dates
//! are turned around. Twins, brothers and sisters, children named after a parent and namesakes stand beside them and must not be taken for each other.

use kivuko_core::matching::{Fields, Person};
use serde_json::{Value, json};

/// A small generator of our own, so that a seed means the same people forever.
#[derive(Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5851_F42D_4C95_7F2D)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap_or(0)
    }

    /// Whether something happens that happens in so many of a hundred cases.
    pub fn percent(&mut self, share: f64) -> bool {
        (self.next() % 100_000) as f64 / 1000.0 < share
    }

    /// An entry of a list; the first ones far more often than the last ones, as names are.
    fn name<T: Copy>(&mut self, list: &[T]) -> T {
        let (one, two) = (self.below(list.len()), self.below(list.len()));
        let at = if self.percent(60.0) { one.min(two) } else { one };
        list[at]
    }
}

/// A name as it is written here and there: the usual form first, then other spellings, after `/` a short form.
type Spellings = &'static str;

const MEN: [Spellings; 40] = [
    "Mohamed Muhammad Mohammed Muhamed/Momo",
    "Ibrahim Ibrahima Ebrahim Brahim/Ibou",
    "Abdul Abdoul Abdel/Abdu",
    "Alusine Alhusine Alhousseine/Alu",
    "Alhassan Al-Hassan Alassane/Hassan",
    "Foday Fode Foda/Fo",
    "Sorie Sory Sorrie/Sor",
    "Osman Ousmane Usman Othman/Ous",
    "Amadu Amadou Ahmadu/Ama",
    "Samuel Samuël Samwel/Sam",
    "Joseph Josef Youssouf/Joe",
    "John Jon Johnn/Jo",
    "Emmanuel Emanuel Imanuel/Manu",
    "Santigie Santigi Santiggie/Santi",
    "Lamin Lamine Laminn/Lam",
    "Moses Moïse Mozes/Mo",
    "David Daouda Davide/Dave",
    "Patrick Patric Patrik/Pat",
    "Francis Françis Frances/Fran",
    "Hassan Hasan Assane/Has",
    "Hussein Husain Housseine/Hus",
    "Sahr Saa Sarr/Sa",
    "Tamba Tambah Thamba/Tam",
    "Komba Kombah Comba/Kom",
    "Issa Isa Eissa/Is",
    "Musa Moussa Mousa/Mu",
    "Yusuf Youssef Yousouf/Yus",
    "Augustine Augustin Agustin/Gus",
    "Peter Pieter Petter/Pete",
    "Daniel Danial Daniël/Dan",
    "Karim Kareem Carim/Kar",
    "Bockarie Bockari Bokarie/Bock",
    "Brima Brimah Breema/Bri",
    "Alpha Alfa Alphah/Al",
    "Unisa Younissa Unissa/Uni",
    "Vandi Vandy Vandie/Van",
    "Michael Mikael Michel/Mike",
    "Kelvin Kelvyn Kelvine/Kel",
    "Desmond Desmon Dezmond/Des",
    "Prince Prins Princ/Pri",
];
const WOMEN: [Spellings; 40] = [
    "Fatmata Fatimata Fatoumata Fatuma/Fatu",
    "Aminata Aminatta Amineta/Ami",
    "Mariama Maryama Mariamah/Mari",
    "Isatu Aïssatou Aisatu/Isa",
    "Kadiatu Kadiatou Cadiatu/Kadi",
    "Hawa Hawwa Hawah/Ha",
    "Adama Adamah Addama/Ada",
    "Zainab Zaynab Zeinab/Zai",
    "Memunatu Mémounatou Maimunatu/Memu",
    "Sia Siah Seea/Si",
    "Finda Findah Phinda/Fin",
    "Kumba Coumba Koumba/Kum",
    "Mary Marie Mari/Ma",
    "Elizabeth Elisabeth Elizabet/Eliza",
    "Esther Ester Hester/Est",
    "Grace Gràce Grase/Gra",
    "Theresa Teresa Thérèse/Tess",
    "Josephine Joséphine Josefine/Josie",
    "Salamatu Salamatou Salamata/Sala",
    "Ramatu Ramatou Rahmatu/Rama",
    "Haja Hadja Hajja/Haj",
    "Jeneba Djeneba Genaba/Jene",
    "Nancy Nanci Nansy/Nan",
    "Rugiatu Rouguiatou Rugiata/Rugi",
    "Sallay Salley Sallé/Sal",
    "Umu Oumou Umou/Um",
    "Yeabu Yébou Yeaboo/Yea",
    "Bintu Binetou Binta/Bin",
    "Hannah Hana Hanna/Han",
    "Rebecca Rebeka Rébecca/Becky",
    "Sarah Sara Sarra/Sa",
    "Victoria Viktoria Victorya/Vicky",
    "Agnes Agnès Agness/Ag",
    "Christiana Kristiana Christianah/Chris",
    "Marion Marian Maryon/Mar",
    "Doris Dorice Dorris/Dor",
    "Gladys Gladis Gladyz/Glad",
    "Mabinty Mabinti Mabintie/Mabi",
    "Tenneh Tené Tenné/Ten",
    "Wuyah Wuya Wouya/Wu",
];
const FAMILIES: [Spellings; 60] = [
    "Kamara Camara Kamarah",
    "Sesay Sesey Cessay",
    "Koroma Coroma Koromah",
    "Conteh Konteh Conté",
    "Bangura Bangoura Bangurah",
    "Kargbo Cargbo Karbo",
    "Turay Touré Turey",
    "Kanu Kanou Canu",
    "Mansaray Mansaré Mansarai",
    "Jalloh Diallo Jallow",
    "Bah Ba Baah",
    "Barrie Barry Bari",
    "Sow Sau Soh",
    "Fofanah Fofana Fofanna",
    "Dumbuya Doumbouya Dumbuia",
    "Kallon Callon Kalon",
    "Lahai Lahay Lahaie",
    "Sankoh Sanko Sancoh",
    "Tarawally Tarawallie Tarawali",
    "Thoronka Toronka Thoronca",
    "Kabia Cabia Kabbia",
    "Suma Souma Sumah",
    "Samura Samoura Samurah",
    "Marah Mara Marrah",
    "Kuyateh Kouyaté Kuyate",
    "Sillah Sylla Silla",
    "Keita Keïta Kaita",
    "Kpaka Kpakah Paka",
    "Momoh Momo Momou",
    "Vandi Vandy Vandie",
    "Musa Moussa Mussa",
    "Sheriff Cherif Sherif",
    "Swaray Swarray Sowaray",
    "Rogers Roggers Rodgers",
    "Williams Wiliams Willams",
    "Johnson Jonson Johnston",
    "Macauley Macaulay McCauley",
    "Cole Coal Kole",
    "Davies Davis Davys",
    "Thomas Tomas Thommas",
    "George Jorge Georges",
    "Wright Write Right",
    "Lansana Lansanah Lanssana",
    "Bockarie Bockari Bokarie",
    "Gbla Gblah Bla",
    "Gbanya Gbagna Banya",
    "Senesie Senessie Senesy",
    "Yambasu Yambassu Yambasou",
    "Moiwa Moiwah Moywa",
    "Ngegba Negba Ngebba",
    "Amara Ammara Amarah",
    "Brima Brimah Breema",
    "Lebbie Lebby Lebbi",
    "Saffa Safa Saffah",
    "Tommy Tommi Tomy",
    "Kaikai Kai-Kai Kaykay",
    "Massaquoi Masaquoi Massakoy",
    "Gevao Guevao Gevaoh",
    "Alpha Alfa Alphah",
    "Njie Ndiaye Njai",
];
const PLACES: [&str; 24] = [
    "Bo",
    "Kenema",
    "Makeni",
    "Koidu",
    "Port Loko",
    "Kambia",
    "Kabala",
    "Magburaka",
    "Moyamba",
    "Bonthe",
    "Pujehun",
    "Kailahun",
    "Waterloo",
    "Lunsar",
    "Segbwema",
    "Daru",
    "Mile 91",
    "Rotifunk",
    "Lungi",
    "Tongo",
    "Blama",
    "Zimmi",
    "Mattru",
    "Tombo",
];

fn usual(spellings: Spellings) -> String {
    spellings.split(['/', ' ']).next().unwrap_or_default().to_owned()
}

fn other(spellings: Spellings, dice: &mut Dice) -> String {
    let all: Vec<&str> = spellings.split('/').next().unwrap_or_default().split(' ').skip(1).collect();
    all[dice.below(all.len())].to_owned()
}

/// Somebody as he is.
#[derive(Debug, Clone)]
pub struct Someone {
    given: Spellings,
    middle: Option<Spellings>,
    family: Spellings,
    woman: bool,
    born: jiff::civil::Date,
    place: &'static str,
    phone: Option<u32>,
    document: Option<u32>,
}

/// The day of all reports.
const TODAY: jiff::civil::Date = jiff::civil::date(2024, 6, 15);

fn somebody(dice: &mut Dice, family: Spellings, place: &'static str, phone: Option<u32>, ages: (usize, usize)) -> Someone {
    let woman = dice.percent(50.0);
    let names = if woman { &WOMEN } else { &MEN };
    let days = i64::try_from(ages.0 * 365 + dice.below((ages.1 - ages.0) * 365)).unwrap_or_default();
    let mut born = TODAY.checked_sub(jiff::Span::new().days(days)).unwrap_or(TODAY);
    // Of many only the year is known.
    if dice.percent(15.0) {
        born = jiff::civil::date(born.year(), 1, 1);
    }
    Someone {
        given: dice.name(names),
        middle: dice.percent(20.0).then(|| dice.name(names)),
        family,
        woman,
        born,
        place,
        phone: phone.filter(|_| dice.percent(80.0)),
        document: (ages.0 >= 18 && dice.percent(50.0)).then(|| 10_000_000 + dice.below(80_000_000) as u32),
    }
}

/// A household: adults and children, sometimes twins, sometimes a child named after a parent.
pub fn household(dice: &mut Dice) -> Vec<Someone> {
    let family = dice.name(&FAMILIES);
    let place = PLACES[dice.below(PLACES.len())];
    let phone = dice.percent(75.0).then(|| 70_000_000 + dice.below(9_999_999) as u32);
    let mut members = Vec::new();
    for _ in 0..=dice.below(2) {
        members.push(somebody(dice, family, place, phone, (18, 70)));
    }
    for _ in 0..dice.below(5) {
        let mut child = somebody(dice, family, place, phone, (0, 18));
        if dice.percent(5.0) {
            child.given = members[0].given;
            child.woman = members[0].woman;
        }
        if dice.percent(4.0) {
            let mut twin = somebody(dice, family, place, phone, (0, 18));
            twin.born = child.born;
            if twin.given != child.given {
                members.push(twin);
            }
        }
        members.push(child);
    }
    members
}

/// Somebody as a register has them.
pub fn written(one: &Someone, dice: &mut Dice) -> Value {
    let known = !dice.percent(10.0);
    json!({
        "name": join(&usual(one.given), one.middle.map(usual)),
        "surname": usual(one.family),
        "dob": known.then(|| one.born.to_string()),
        "age": age(one),
        "sex": if one.woman { "F" } else { "M" },
        "place": (!dice.percent(5.0)).then_some(one.place),
        "phones": one.phone.map(|number| vec![format!("0{number}")]),
        "documents": one.document.map(|number| vec![format!("NID{number}")]),
        "day": TODAY.to_string(),
    })
}

/// The same person as somebody else wrote them down, in a hurry.
pub fn written_again(one: &Someone, dice: &mut Dice) -> Value {
    let spelt = |spellings: Spellings, short: bool, dice: &mut Dice| {
        let mut text = if dice.percent(12.0) { other(spellings, dice) } else { usual(spellings) };
        if short && dice.percent(2.0) {
            spellings.split('/').nth(1).unwrap_or_default().clone_into(&mut text);
        }
        if dice.percent(7.0) { mistyped(&text, dice) } else { text }
    };
    let mut name = spelt(one.given, true, dice);
    let mut surname = spelt(one.family, false, dice);
    if let Some(middle) = one.middle.filter(|_| dice.percent(50.0)) {
        name = join(&name, Some(usual(middle)));
    }
    if dice.percent(3.0) {
        std::mem::swap(&mut name, &mut surname);
    }
    let born = match dice.below(100) {
        0..8 => None,
        8..10 => jiff::civil::Date::new(one.born.year(), one.born.day(), one.born.month()).ok().or(Some(one.born)),
        10..13 => Some(slipped(one.born, dice)),
        13..15 => Some(jiff::civil::date(one.born.year(), 1, 1)),
        _ => Some(one.born),
    };
    let woman = if dice.percent(0.7) { !one.woman } else { one.woman };
    let years = age(one) + i64::from(dice.percent(6.0)) - i64::from(dice.percent(6.0));
    json!({
        "name": name,
        "surname": surname,
        "dob": born.map(|born| born.to_string()),
        "age": years.max(0),
        "sex": (!dice.percent(3.0)).then_some(if woman { "F" } else { "M" }),
        "place": (!dice.percent(10.0)).then(|| if dice.percent(8.0) { PLACES[dice.below(PLACES.len())] } else { one.place }),
        "phones": one.phone.filter(|_| !dice.percent(25.0)).map(|number| vec![format!("+232 {}", if dice.percent(10.0) { 71_000_000 } else { number })]),
        "documents": one.document.filter(|_| !dice.percent(60.0)).map(|number| vec![mistyped_number(number, dice)]),
        "day": TODAY.to_string(),
    })
}

fn join(first: &str, second: Option<String>) -> String {
    second.map_or_else(|| first.to_owned(), |second| format!("{first} {second}"))
}

fn age(one: &Someone) -> i64 {
    i64::from(one.born.until((jiff::Unit::Year, TODAY)).map(|span| span.get_years()).unwrap_or_default())
}

/// Keys beside each other.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

fn beside(letter: char, dice: &mut Dice) -> char {
    let row = ROWS.iter().find(|row| row.contains(letter.to_ascii_lowercase())).unwrap_or(&ROWS[0]);
    let at = row.find(letter.to_ascii_lowercase()).unwrap_or(0);
    let next = if at == 0 || (at + 1 < row.len() && dice.percent(50.0)) { at + 1 } else { at - 1 };
    row.chars().nth(next).unwrap_or(letter)
}

fn mistyped(text: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = dice.below(letters.len());
    match dice.below(4) {
        0 => letters[at] = beside(letters[at], dice),
        1 if letters.len() > 2 => {
            letters.remove(at);
        }
        2 => letters.insert(at, letters[at]),
        _ if at + 1 < letters.len() => letters.swap(at, at + 1),
        _ => letters.push(beside(letters[at], dice)),
    }
    letters.into_iter().collect()
}

fn mistyped_number(number: u32, dice: &mut Dice) -> String {
    let mut digits: Vec<char> = number.to_string().chars().collect();
    if dice.percent(3.0) {
        let at = dice.below(digits.len());
        digits[at] = char::from_digit(dice.below(10) as u32, 10).unwrap_or('0');
    }
    format!("nid {}", digits.into_iter().collect::<String>())
}

fn slipped(born: jiff::civil::Date, dice: &mut Dice) -> jiff::civil::Date {
    let text = born.to_string();
    let places = [3, 6, 8, 9];
    for _ in 0..8 {
        let mut digits: Vec<char> = text.chars().collect();
        digits[places[dice.below(places.len())]] = char::from_digit(dice.below(10) as u32, 10).unwrap_or('0');
        if let Ok(date) = digits.iter().collect::<String>().parse() {
            return date;
        }
    }
    born
}

/// The people of a record, for the matcher.
pub fn read(fields: &Fields, record: &Value) -> Person {
    Person::read(fields, record, kivuko_core::path::SourcePath::parse("day").ok().as_ref())
}
