<!doctype html>
<title>{{ config('app.name') }}</title>
<h1>Basket</h1>
<p>visit {{ $visits }}, {{ $notes }} notes</p>
