mod adx;
mod layouts;
mod reading;
mod round_trip;
mod tree;
mod workbook;
mod writing;
