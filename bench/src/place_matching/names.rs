//! Invented names of villages in several naming traditions, and words for facilities.

use crate::people::Dice;

/// How a country names its places.
#[derive(Debug, Clone, Copy)]
pub struct Tradition {
    begin: &'static [&'static str],
    middle: &'static [&'static str],
    end: &'static [&'static str],
    /// Words that make another place of a name: `Junction`.
    second: &'static [&'static str],
    /// What the saints are called.
    saints: &'static [&'static str],
    saint: &'static str,
    new: &'static str,
}

pub const TRADITIONS: [Tradition; 5] = [
    Tradition {
        begin: &["Gb", "K", "M", "B", "T", "Nj", "S", "P", "F", "D", "L", "W", "Y", "Kp", "Bl"],
        middle: &["a", "e", "o", "i", "u", "am", "on", "en", "ai", "or"],
        end: &["bu", "hun", "ma", "la", "boi", "wahun", "ya", "lor", "ndu", "ba", "jama", "teh", "so", "ko"],
        second: &["Junction", "Town", "Wharf", "Bridge", "Line", "Farm"],
        saints: &["Mary", "John", "Joseph", "Luke", "Anne", "Anthony"],
        saint: "St.",
        new: "New",
    },
    Tradition {
        begin: &["Dj", "Tch", "K", "B", "S", "D", "M", "N", "G", "Y", "Z", "F", "T"],
        middle: &["ou", "a", "é", "i", "o", "an", "in", "am"],
        end: &["gou", "ra", "dougou", "kro", "so", "la", "bougou", "ni", "do", "ssé", "ré", "ma", "kou", "na"],
        second: &["Marché", "Plateau", "Carrefour", "Gare", "Peulh", "Village"],
        saints: &["Marie", "Jean", "Joseph", "Luc", "Anne", "Antoine"],
        saint: "Saint",
        new: "Nouveau",
    },
    Tradition {
        begin: &["M", "Mu", "Ka", "Ki", "Nya", "Bu", "Lu", "Ru", "Ma", "Ch", "Nk", "Mw", "Ba"],
        middle: &["a", "e", "i", "o", "u", "anga", "ere", "imbo", "ongo", "inda"],
        end: &["ra", "mba", "ndo", "ga", "zi", "ro", "le", "ka", "nga", "yu", "sha", "ti", "bwe"],
        second: &["Hill", "Market", "Mission", "Estate", "Ferry", "Ranch"],
        saints: &["Mary", "Peter", "Paul", "James", "Theresa", "Michael"],
        saint: "St",
        new: "New",
    },
    Tradition {
        begin: &["Ca", "Na", "Ma", "Qui", "Mu", "Mo", "Chi", "Xi", "Be", "In", "Ga", "Lu"],
        middle: &["m", "c", "l", "r", "nh", "t", "ss", "j", "v", "mb"],
        end: &["ane", "ula", "ique", "ela", "inga", "uto", "ene", "ala", "ara", "osse", "imba"],
        second: &["Velho", "Rio", "Praia", "Monte", "Ponte", "Bairro"],
        saints: &["Maria", "João", "José", "Lucas", "Ana", "António"],
        saint: "São",
        new: "Nova",
    },
    Tradition {
        begin: &["Hua", "Cha", "Tla", "Co", "Que", "Pa", "San", "Ta", "Chi", "Ma", "Ya", "Cu"],
        middle: &["r", "l", "mp", "nc", "t", "c", "p", "ll", "ch", "y"],
        end: &["ita", "al", "oma", "ucha", "apa", "ango", "ero", "illa", "ate", "ima", "una"],
        second: &["Laguna", "Cerro", "Llano", "Puerto", "Cruz", "Barranco"],
        saints: &["María", "Juan", "José", "Lucas", "Ana", "Antonio"],
        saint: "San",
        new: "Nueva",
    },
];

impl Tradition {
    /// One word.
    fn word(&self, dice: &mut Dice) -> String {
        let mut pick = |list: &[&'static str]| list[dice.below(list.len())];
        let mut word = String::from(pick(self.begin));
        word.push_str(pick(self.middle));
        let syllables = [1, 1, 1, 2, 2][pick(&["0", "1", "2", "3", "4"]).parse::<usize>().unwrap_or(0)];
        for at in 0..syllables {
            word.push_str(pick(self.end));
            if at + 1 < syllables {
                word.push_str(pick(self.middle));
            }
        }
        word
    }

    /// The names of villages that are met everywhere.
    pub fn common(&self, dice: &mut Dice) -> Vec<String> {
        (0..120).map(|_| self.word(dice)).collect()
    }

    /// A village.
    pub fn village(&self, common: &[String], dice: &mut Dice) -> String {
        let base = if dice.percent(30.0) { common[dice.below(common.len())].clone() } else { self.word(dice) };
        match dice.below(100) {
            0..=7 => format!("{base} {}", self.second[dice.below(self.second.len())]),
            8..=11 => format!("{base} {}", 1 + dice.below(3)),
            12..=14 => format!("{} {base}", self.new),
            15..=22 => format!("{base} {}", self.word(dice)),
            _ => base,
        }
    }

    /// The name of a facility of a mission.
    pub fn saint(&self, dice: &mut Dice) -> String {
        let name = self.saints[dice.below(self.saints.len())];
        format!("{} {name}", self.saint)
    }
}

/// A kind of facility.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Hospital,
    Centre,
    Post,
    CommunityPost,
    MotherPost,
    Dispensary,
    Clinic,
}

/// How a kind is written: in English, French, Portuguese and Spanish; the usual form first.
pub const fn written(kind: Kind, language: usize) -> &'static [&'static str] {
    match (kind, language) {
        (Kind::Hospital, 1) => &["Hôpital", "Hop.", "Hopital", "HOPITAL"],
        (Kind::Hospital, _) => &["Hospital", "Hosp", "Hosp.", "Hospital"],
        (Kind::Centre, 1) => &["Centre de Santé", "CS", "C.S.", "Centre de sante", "Ctre de Santé"],
        (Kind::Centre, 2) => &["Centro de Saúde", "CS", "C. de Saúde", "Centro de Saude"],
        (Kind::Centre, 3) => &["Centro de Salud", "CS", "C.S."],
        (Kind::Centre, _) => &["Health Centre", "HC", "H/C", "Health Center", "Hlth Ctr", "H.C."],
        (Kind::Post, 1) => &["Poste de Santé", "PS", "Poste de sante", "P.S."],
        (Kind::Post, 2) => &["Posto de Saúde", "PS", "P.S."],
        (Kind::Post, 3) => &["Puesto de Salud", "PS", "Pto. de Salud"],
        (Kind::Post, _) => &["Health Post", "HP", "H. Post"],
        (Kind::CommunityPost, 1) => &["Poste de Santé Communautaire", "PSC"],
        (Kind::CommunityPost, 2) => &["Posto Comunitário de Saúde"],
        (Kind::CommunityPost, 3) => &["Puesto Comunitario de Salud"],
        (Kind::CommunityPost, _) => &["Community Health Post", "CHP", "Comm. Health Post", "C.H.P."],
        (Kind::MotherPost, 1) => &["Poste de Santé Maternelle et Infantile", "PMI"],
        (Kind::MotherPost, 2) => &["Posto de Saúde Materno Infantil"],
        (Kind::MotherPost, 3) => &["Puesto de Salud Materno Infantil"],
        (Kind::MotherPost, _) => &["Maternal and Child Health Post", "MCHP", "MCH Post"],
        (Kind::Dispensary, 1) => &["Dispensaire", "Disp."],
        (Kind::Dispensary, 2) => &["Dispensário"],
        (Kind::Dispensary, 3) => &["Dispensario"],
        (Kind::Dispensary, _) => &["Dispensary", "Disp", "Disp."],
        (Kind::Clinic, 1) => &["Clinique", "Cliniq."],
        (Kind::Clinic, 2 | 3) => &["Clínica", "Clinica"],
        (Kind::Clinic, _) => &["Clinic", "Clin."],
    }
}

/// What the areas of the second and third level are called.
pub const fn area(level: usize, language: usize) -> &'static str {
    match (level, language) {
        (1, 1) => "Région",
        (1, 2) => "Província",
        (1, 3) => "Provincia",
        (1, _) => "Region",
        (2, 2 | 3) => "Distrito",
        (2, _) => "District",
        (_, 1) => "Commune",
        (_, 2) => "Posto Administrativo",
        (_, 3) => "Cantón",
        _ => "Chiefdom",
    }
}
