//! An invented country with its regions, districts and wards.

use serde_json::{Value, json};

use super::names::{PLACE_FIRST, PLACE_LAST, PLACE_MIDDLE};
use super::random::Random;

const REGIONS: usize = 5;
const DISTRICTS: usize = 6;
const WARDS: usize = 3;

/// A place. Its id has the form that ministries give: two letters and 18 digits, two or three for each level.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub id: String,
    pub name: String,
    pub code: String,
    /// 0 is the country.
    pub level: usize,
    pub parent: Option<usize>,
    pub lat: f64,
    pub lng: f64,
}

/// All places, parents before children.
#[derive(Debug, Clone, PartialEq)]
pub struct Country {
    pub places: Vec<Place>,
}

impl Country {
    /// The country of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x00c0_ffee);
        let mut names: Vec<String> = PLACE_FIRST
            .iter()
            .flat_map(|first| {
                PLACE_MIDDLE.iter().flat_map(move |middle| PLACE_LAST.iter().map(move |last| format!("{first}{middle}{last}")))
            })
            .collect();
        random.shuffle(&mut names);
        let mut names = names.into_iter();
        let mut country = Self { places: Vec::new() };
        let mut add = |country: &mut Self, numbers: [usize; 3], level: usize, parent: Option<usize>, random: &mut Random| {
            let name = if level == 0 { "Mwambao".to_owned() } else { names.next().unwrap_or_default() };
            let code: String = name.chars().filter(char::is_ascii_alphabetic).take(3).collect::<String>().to_uppercase();
            let shift = |random: &mut Random, from: f64, width: f64| {
                ((from + width * (random.between(-1000, 1000) as f64 / 1000.0)) * 1e5).round() / 1e5
            };
            let (lat, lng, width) = match parent.map(|parent| &country.places[parent]) {
                None => (4.2, -38.5, 0.0),
                Some(parent) => (parent.lat, parent.lng, [0.0, 1.6, 0.4, 0.08][level]),
            };
            let [region, district, ward] = numbers;
            country.places.push(Place {
                id: format!("ZZ001{region:03}{district:03}{ward:03}000000"),
                name,
                code,
                level,
                parent,
                lat: shift(random, lat, width),
                lng: shift(random, lng, width),
            });
            country.places.len() - 1
        };
        let root = add(&mut country, [0, 0, 0], 0, None, &mut random);
        for region in 1..=REGIONS {
            let in_region = add(&mut country, [region, 0, 0], 1, Some(root), &mut random);
            for district in 1..=DISTRICTS {
                let in_district = add(&mut country, [region, district, 0], 2, Some(in_region), &mut random);
                for ward in 1..=WARDS {
                    add(&mut country, [region, district, ward], 3, Some(in_district), &mut random);
                }
            }
        }
        country
    }

    /// The places of a level.
    pub fn of_level(&self, level: usize) -> Vec<&Place> {
        self.places.iter().filter(|place| place.level == level).collect()
    }

    /// A place and all above it, the country first.
    pub fn chain<'a>(&'a self, place: &'a Place) -> Vec<&'a Place> {
        let mut chain = vec![place];
        while let Some(parent) = chain.last().and_then(|place| place.parent) {
            chain.push(&self.places[parent]);
        }
        chain.reverse();
        chain
    }

    /// As Go.Data has them.
    pub fn locations(&self) -> Vec<Value> {
        let location = |place: &Place| {
            json!({
                "id": place.id,
                "name": place.name,
                "parentLocationId": place.parent.map(|parent| &self.places[parent].id),
                "geographicalLevelId": format!("LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_{}", place.level),
                "geoLocation": { "lat": place.lat, "lng": place.lng },
                "active": true,
            })
        };
        self.places.iter().map(location).collect()
    }
}
