<?php

use App\Jobs\Note;
use Illuminate\Support\Facades\DB;
use Illuminate\Support\Facades\Route;

Route::get('/', fn () => view('basket', ['visits' => session()->increment('visits'), 'notes' => DB::table('notes')->count()]));
Route::get('/queue/{text}', function (string $text) {
    Note::dispatch($text);

    return "queued $text";
});
Route::get('/notes', fn () => DB::table('notes')->pluck('text')->unique()->sort()->implode(' '));
